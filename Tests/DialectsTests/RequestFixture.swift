import Dialects
import Domain
import JSON

/// One translation of a request, as the upstream asks for it.
struct RequestFixture {
    var context: TranslationContext
    private let reader = DialectReader()

    init(
        _ endpoint: Endpoint = .chatCompletions, to dialect: Dialect, drops: Bool = false, fetches: Bool = false
    ) {
        self.context = TranslationContext(
            endpoint: endpoint, row: ProviderTable.row(dialect), provider: "p", dropsUnsupported: drops,
            fetchesImages: fetches, nonce: Array("n1".utf8), now: 1_700_000_000)
    }

    func request(_ body: String) throws(GatewayError) -> TranslatedRequest {
        try self.request(Array(body.utf8))
    }

    func request(_ bytes: [UInt8]) throws(GatewayError) -> TranslatedRequest {
        let result = unsafe bytes.withUnsafeBytes { buffer in
            Result { () throws(GatewayError) in
                try unsafe RequestTranslator.translate(
                    buffer, capacity: buffer.count, self.context, reader: self.reader)
            }
        }
        return try result.get()
    }

    /// What goes out: the body itself where it passes unchanged.
    func body(_ body: String) throws(GatewayError) -> String {
        switch try self.request(body) {
        case .exact: return body
        case .body(let bytes): return String(decoding: bytes, as: UTF8.self)
        case .needsImages(let pending): return "needs \(pending.urls.map { String(decoding: $0, as: UTF8.self) })"
        case .countHere(let bytes): return "count \(bytes)"
        }
    }

    /// A chat with these further members goes out with these.
    func chat(_ members: String, messages: String = #"[{"role":"user","content":"hi"}]"#) throws(GatewayError) -> String
    {
        try self.body(#"{"model":"m","messages":\#(messages)\#(members.isEmpty ? "" : ",")\#(members)}"#)
    }

    /// The refusal, as `status code param`.
    func refusal(_ body: String) -> String {
        do throws(GatewayError) {
            return "none: \(try self.body(body))"
        } catch {
            return "\(error.status) \(error.code) \(error.param ?? "-")"
        }
    }

    func message(_ body: String) -> String {
        do throws(GatewayError) {
            return "none: \(try self.body(body))"
        } catch {
            return error.message
        }
    }

    static func tree(_ text: String) throws -> JSONValue {
        try JSONReader().read(Array(text.utf8), maximumBytes: 1 << 24)
    }
}
