import Dialects
import Domain
import IPC
import Journal
import Routing

/// The request a connection is busy with: what its reply and the counters need to know of it. Lives on the event loop; a
/// class, because it is looked at often and copied never.
final class CurrentRequest {
    /// What is in the journal.
    enum Recording: Hashable {
        case none
        /// BEGIN.
        case begun(JournalWriter.Admission)
        /// BEGIN and SETTLE.
        case settled
    }

    let record: RecordID
    let route: Route
    /// Whose words the gateway's own answers are in; nil: OpenAI's.
    let door: Endpoint?
    /// Those in force when the request began; from the plan on, those it was planned with.
    var settings: EdgeSettings
    /// Nanoseconds of the event loop's clock when the head was whole.
    let start: UInt64
    let requestID: String?
    /// nil for what could not be read.
    let method: RequestHead.Method?
    let userAgent: String?
    /// What control is told of it; nil for what is certainly not for control.
    let administration: AdministrationHead?
    /// Path and query, as sent.
    let target: String
    let isHeadOnly: Bool
    let isHTTP10: Bool
    var isHTTP2 = false
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
    /// The plan.
    var calls: [ProviderRequest.Call] = []
    var tier: Tier?
    /// Place of the alias it came from, and index of its policy.
    var alias: Int?
    var policy: UInt16 = 0
    /// Targets that the plan might have had.
    var leftOut: [RoutedPlan.LeftOut] = []
    /// What its headers say of tiers.
    let tierWishes: [RequestHead.TierWish]
    var isStream = false
    /// The reply is a stream of events, into which an error can be written.
    var repliesWithEvents = false
    #if SLUICE_TEST_HOOKS
    var blockUpstream: UInt8 = 0
    /// The end is not written down, which the ledger tests have to find out.
    var dropsSettle = false
    var crashesEdge = false
    #endif

    /// Who sends it; nil where nobody asks.
    var principal: Principal?
    /// The limits of its key's own; nil where the key has none of its own to bring.
    var keyLimits: LimitSet?
    /// What that may use: all where there is none.
    var keyModels: [[UInt8]] = []
    /// What is set for it and those it belongs to; nil before it was asked for, and where nobody asks.
    var caller: CallerLimits?
    /// That was kept from an earlier request of the same caller.
    var isCallerKnown = false
    /// Where it comes from; nil where that has no address.
    var address: ClientAddress?
    var limits = RequestLimits()
    /// The trace it is a part of: 16 bytes, or none.
    let traceID: [UInt8]
    let tags: [UInt8]
    /// The client's own `anthropic-version` and `anthropic-beta`; empty where it sent none.
    let anthropicVersion: [UInt8]
    let anthropicBeta: [UInt8]
    var recording = Recording.none
    /// Nanoseconds of the event loop's clock when it was known who sends it, when its body was whole, when its plan was made, when it
    /// was handed to an upstream, and when it was over.
    var authenticatedAt: UInt64?
    var receivedAt: UInt64?
    var plannedAt: UInt64?
    var dispatchedAt: UInt64?
    var endedAt: UInt64?
    /// Bytes of a peer's reply that were handed on.
    var replyBytes: UInt64 = 0
    /// Bytes of the gateway's own error, as a body or an event.
    var errorBytes: UInt64 = 0
    /// Bytes of an answer of the gateway's own that is no error.
    var answerBytes: UInt64 = 0
    /// The beginnings of what was sent and answered, where they are logged.
    var promptSample: [UInt8] = []
    var replySample: [UInt8] = []
    /// What the peer has said at the end.
    var end: StreamEnd?
    /// The error that the client is told.
    var failure: GatewayError?
    /// The error that will be told when the peer has said what the request cost.
    var pendingFailure: GatewayError?

    /// The request is worked on outside of this process, and counted as active.
    var isActive = false
    /// The status that went out, 0 before the head.
    var status: UInt16 = 0
    var call: UInt8 = 0
    /// A peer's reply has begun; its head names the call.
    var hasReplyOfPeer = false
    /// Nanoseconds of the event loop's clock at the first byte of content.
    var firstContent: UInt64?

    /// Bytes of a body that are read and thrown away to keep a connection.
    private static let discardLimit: UInt64 = 256 << 10

    init(_ head: RequestHead, route: Route, record: RecordID, settings: EdgeSettings, start: UInt64) {
        self.record = record
        self.route = route
        self.door = route.door(of: head)
        self.settings = settings
        self.start = start
        self.requestID = head.requestID
        self.method = head.method
        self.userAgent = head.userAgent
        self.administration = head.administration
        self.target = head.target
        self.traceID = head.traceID
        self.tags = head.tags
        self.anthropicVersion = head.anthropicVersion
        self.anthropicBeta = head.anthropicBeta
        self.tierWishes = head.tierWishes
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
        self.dropsSettle = head.dropsSettle
        self.crashesEdge = head.crashesEdge
        #endif
    }

    /// A request that could not even be read.
    init(unreadable record: RecordID, settings: EdgeSettings, start: UInt64) {
        self.record = record
        self.route = .unknown
        self.door = nil
        self.settings = settings
        self.start = start
        self.requestID = nil
        self.method = nil
        self.userAgent = nil
        self.administration = nil
        self.target = ""
        self.traceID = []
        self.tags = []
        self.anthropicVersion = []
        self.anthropicBeta = []
        self.tierWishes = []
        self.isHeadOnly = false
        self.isHTTP10 = false
        self.cors = settings.cors.grant(nil)
        self.canDiscard = false
        self.keepsAlive = false
        self.expectedBody = nil
    }

    /// Its client is one of Anthropic's.
    var isAnthropic: Bool { self.door?.isAnthropic == true }

    /// Bytes of the longest body it may have; nil where a body goes nowhere.
    var longestBody: UInt64? {
        switch self.route {
        case .provider: self.settings.limits.maxBody
        case .administration: AdministrationRequest.longestBody
        default: nil
        }
    }

    /// Its caller has no key.
    var isAnonymous: Bool { self.principal == .anonymous }

    /// An error as its client expects it.
    func errorBody(_ error: GatewayError) -> [UInt8] {
        let requestID = self.isAnthropic ? self.record.description : nil
        guard let refusal = self.limits.refusal else {
            return ErrorBody.render(error, at: self.door, requestID: requestID)
        }
        return refusal.body(error, at: self.door, requestID: requestID)
    }

    /// What a reply of one of its calls, which begins `now`, says of where it comes from; nil where there is no such call, or
    /// nothing is to be said.
    func origin(call: UInt8, attempts: UInt8, cost: Int64?, isShared: Bool = false, now: UInt64) -> ReplyOrigin? {
        guard Int(call) < self.calls.count, self.settings.responseExtension != .off else { return nil }
        let target = self.calls[Int(call)].target
        guard let start = self.settings.providerHeader(target.provider) else { return nil }
        return ReplyOrigin(
            start: start, model: target.model, tier: self.tier, attempts: attempts, latency: self.microseconds(now),
            cost: cost, isShared: isShared)
    }

    /// The same of a reply's head.
    func origin(of reply: ResponseHead, now: UInt64) -> ReplyOrigin? {
        let cost: Int64? = if case .known(let cost) = reply.cost { cost } else { nil }
        return self.origin(
            call: reply.call, attempts: reply.attempts, cost: cost, isShared: reply.isShared, now: now)
    }

    /// For the counters, when the request is over.
    func measured(_ settlement: Settlement) -> EdgeMetrics.Request {
        let call = Int(self.hasReplyOfPeer ? self.call : settlement.call ?? self.call)
        let provider = call < self.calls.count ? self.calls[call].target.provider : nil
        return EdgeMetrics.Request(
            endpoint: self.route.label, model: self.model,
            provider: provider.flatMap { self.settings.providerName($0) },
            status: self.status == 0 ? 499 : self.status, duration: self.microseconds(self.endedAt),
            firstContent: self.isStream && self.firstContent != nil ? self.microseconds(self.firstContent) : nil,
            usage: settlement.usage, cost: settlement.cost,
            project: self.settings.countsProjects ? self.principal?.project : nil)
    }

    /// From the end of the head to `time`; 0 for what was not reached.
    func microseconds(_ time: UInt64?) -> UInt64 {
        guard let time, time > self.start else { return 0 }
        return (time - self.start) / 1000
    }
}
