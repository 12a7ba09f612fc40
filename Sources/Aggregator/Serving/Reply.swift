import IPC

/// A whole reply to an administration request.
struct Reply: Hashable, Sendable {
    var status: UInt16
    var contentType: [UInt8]
    var body: [UInt8]

    /// The metrics document.
    static func metrics(_ document: [UInt8]) -> Reply {
        Reply(status: 200, contentType: PrometheusText.contentType, body: document)
    }

    static let unknownURL = Reply.error(404, "unknown_url", "The aggregator serves /metrics only.")
    static let methodNotAllowed = Reply.error(405, "method_not_allowed", "/metrics is read with GET.")

    /// `message` is one of our own and needs no escaping.
    private static func error(_ status: UInt16, _ code: StaticString, _ message: StaticString) -> Reply {
        let type = #""type":"invalid_request_error","param":null"#
        return Reply(
            status: status, contentType: Array("application/json".utf8),
            body: Array(#"{"error":{"message":"\#(message)",\#(type),"code":"\#(code)"}}"#.utf8))
    }
}
