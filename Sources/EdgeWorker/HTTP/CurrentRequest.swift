import Domain

/// The request a connection is busy with: what its reply and the counters need to know of it. Lives on the event loop; a
/// class, because it is looked at often and copied never.
final class CurrentRequest {
    let record: RecordID
    let route: Route
    let settings: EdgeSettings
    /// Nanoseconds of the event loop's clock when the head was whole.
    let start: UInt64
    let requestID: String?
    let isHeadOnly: Bool
    let isHTTP10: Bool
    let cors: CORSPolicy.Grant?
    /// What of the body has not come is little enough to be thrown away after an early reply.
    let canDiscard: Bool
    /// Client and server go on after this request.
    var keepsAlive: Bool
    /// Bytes of the whole body where they are known.
    let expectedBody: Int?
    var receivedBody: UInt64 = 0
    /// The name the client asked for.
    var model: [UInt8]?
    /// Providers of the plan, by call.
    var providers: [UInt16] = []
    var isStream = false
    /// The reply is a stream of events, into which an error can be written.
    var repliesWithEvents = false
    #if SLUICE_TEST_HOOKS
    var blockUpstream: UInt8 = 0
    #endif

    /// The request is worked on outside of this process, and counted as active.
    var isActive = false
    /// The status that went out, 0 before the head.
    var status: UInt16 = 0
    var call: UInt8 = 0
    /// Nanoseconds of the event loop's clock at the first byte of content.
    var firstContent: UInt64?
    var usage: TokenUsage?

    /// Bytes of a body that are read and thrown away to keep a connection.
    private static let discardLimit: UInt64 = 256 << 10

    init(_ head: RequestHead, route: Route, record: RecordID, settings: EdgeSettings, start: UInt64) {
        self.record = record
        self.route = route
        self.settings = settings
        self.start = start
        self.requestID = head.requestID
        self.isHeadOnly = head.method == .head
        self.isHTTP10 = head.isHTTP10
        self.cors = settings.cors.grant(head.origin)
        self.keepsAlive = head.keepsAlive && !head.isMalformed
        switch head.body {
        case .none:
            self.canDiscard = true
            self.expectedBody = 0
        case .known(let length):
            // Who waits for "100 Continue" may or may not send the body after another reply.
            self.canDiscard = length <= CurrentRequest.discardLimit && !head.expectsContinue
            self.expectedBody = Int(clamping: length)
        case .chunked:
            self.canDiscard = false
            self.expectedBody = nil
        }
        #if SLUICE_TEST_HOOKS
        self.blockUpstream = head.blockUpstream
        #endif
    }

    /// A request that could not even be read.
    init(unreadable record: RecordID, settings: EdgeSettings, start: UInt64) {
        self.record = record
        self.route = .unknown
        self.settings = settings
        self.start = start
        self.requestID = nil
        self.isHeadOnly = false
        self.isHTTP10 = false
        self.cors = settings.cors.grant(nil)
        self.canDiscard = false
        self.keepsAlive = false
        self.expectedBody = nil
    }

    /// For the counters, when the request is over `now`.
    func measured(now: UInt64) -> EdgeMetrics.Request {
        let provider = Int(self.call) < self.providers.count ? self.providers[Int(self.call)] : nil
        return EdgeMetrics.Request(
            endpoint: self.route.label, model: self.model,
            provider: provider.flatMap { self.settings.providerName($0) },
            status: self.status == 0 ? 499 : self.status, duration: (now &- self.start) / 1000,
            firstContent: self.isStream ? self.firstContent.map { ($0 &- self.start) / 1000 } : nil,
            usage: self.usage)
    }
}
