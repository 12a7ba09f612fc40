import Domain
import IPC
import NIOHTTP1
import Routing

/// The head of a request, reduced to what an edge acts on; every other header is forgotten here and reaches nobody.
///
/// A class, as it is handed on by many and written by nobody else but HTTP/2's stream: a copy of it touches two dozen counts of references.
final class RequestHead {
    enum Method: Hashable {
        case get, head, post, put, patch, delete, options, other
    }

    /// How much body follows.
    enum Body: Hashable {
        case none
        case known(UInt64)
        case chunked
    }

    /// The keys a request brings.
    enum Credential: Hashable {
        case none
        case key(String)
        /// Two different ones, or one that cannot be read.
        case unusable
    }

    var method = Method.other
    /// The path without its query, as sent.
    var path: String
    /// Path and query, as sent.
    var target: String
    var isHTTP10 = false
    var keepsAlive = true
    var body = Body.none
    /// The length of the body is said, be it 0.
    var hasLength = false
    var credential = Credential.none
    /// The client's own label, if it is one that can be echoed.
    var requestID: String?
    /// The trace id of a valid `traceparent`: 16 bytes, or none.
    var traceID: [UInt8] = []
    /// The value of `x-sluice-tags`; of several such headers their values with commas between them.
    var tags: [UInt8] = []
    /// The tags are too long or no printable ASCII.
    var hasInvalidTags = false
    /// The value of `anthropic-version`, and those of `anthropic-beta` with commas between them.
    var anthropicVersion: [UInt8] = []
    var anthropicBeta: [UInt8] = []
    /// One of the two is too long or no printable ASCII, or there are two versions.
    var hasInvalidAnthropicHeader = false
    /// Headers that aliases take tiers from, in the order they came.
    var tierWishes: [TierWish] = []
    var userAgent: String?
    var expectsContinue = false
    var contentEncoding: String?
    var origin: String?
    /// The values of `X-Forwarded-For`, with commas between them.
    var forwardedFor: String?
    /// `Access-Control-Request-Method` is there.
    var isPreflight = false
    var preflightHeaders: String?
    /// Bytes of the request line, its end included.
    let requestLineBytes: Int
    /// Bytes of the names and values of all headers.
    var headerBytes = 0
    /// The framing or a header every server has to check is wrong; the reply is 400.
    var isMalformed = false
    /// What control would have to know; nil for what is certainly not for control.
    var administration: AdministrationHead?
    #if SLUICE_TEST_HOOKS
    var blockEdge: UInt64 = 0
    var blockUpstream: UInt8 = 0
    var dropsSettle = false
    var crashesEdge = false
    var probe: String?
    #endif

    /// A header that names a tier.
    struct TierWish: Hashable {
        /// In lower case.
        var header: [UInt8]
        var value: AskedTier
    }

    /// `tierHeaders` are the names, in lower case, of headers that aliases take tiers from. One that means something else to
    /// the gateway is not among `tierWishes`.
    init(_ head: HTTPRequestHead, tierHeaders: [[UInt8]] = []) {
        self.target = head.uri
        // Two blanks, the version and the line's end.
        self.requestLineBytes = head.method.rawValue.utf8.count &+ head.uri.utf8.count &+ 12
        self.path = head.uri.beforeQuestionMark
        self.isHTTP10 = head.version.minor == 0
        switch head.method {
        case .GET: self.method = .get
        case .POST: self.method = .post
        case .HEAD: self.method = .head
        case .OPTIONS: self.method = .options
        case .PUT: self.method = .put
        case .PATCH: self.method = .patch
        case .DELETE: self.method = .delete
        default: self.method = .other
        }
        self.keepsAlive = !self.isHTTP10
        var scan = Scan()
        scan.isUpgrade = head.method == .CONNECT
        for (name, value) in head.headers { self.take(name, value, tierHeaders, &scan) }
        self.finish(scan)
        if Route.mayBeOfControl(self.path) {
            let administration = AdministrationHead(head)
            administration.credential = AdministrationRequest.Credential(self.credential)
            self.administration = administration
        }
    }

    /// What is needed of the headers only until all of them are seen.
    private struct Scan {
        var hosts = 0
        var contentLengths = 0
        var transferEncodings = 0
        var length: UInt64 = 0
        var isUpgrade = false
        var saysClose = false
        var saysKeepAlive = false
        var traceParents = 0
    }

    /// Bytes of the longest tags.
    private static let longestTags = 1024
    /// Bytes of the longest `anthropic-version`, and of all `anthropic-beta` together.
    private static let longestAnthropic = 1024

    private func take(
        _ name: String, _ value: String, _ tierHeaders: [[UInt8]], _ scan: inout Scan
    ) {
        let length = name.utf8.count
        self.headerBytes &+= length &+ value.utf8.count
        switch length {
        case 4 where name.hasBytes(ignoringCase: "host"): scan.hosts += 1
        case 6 where name.hasBytes(ignoringCase: "expect"):
            self.expectsContinue = value.hasBytes(ignoringCase: "100-continue")
        case 6 where name.hasBytes(ignoringCase: "origin"): self.origin = value
        case 7 where name.hasBytes(ignoringCase: "api-key"): self.takeKey(value[...])
        case 7 where name.hasBytes(ignoringCase: "upgrade"): scan.isUpgrade = true
        case 9 where name.hasBytes(ignoringCase: "x-api-key"): self.takeKey(value[...])
        case 10 where name.hasBytes(ignoringCase: "connection"):
            scan.saysClose = scan.saysClose || value.listContains("close")
            scan.saysKeepAlive = scan.saysKeepAlive || value.listContains("keep-alive")
        case 10 where name.hasBytes(ignoringCase: "user-agent"): self.userAgent = value
        case 11 where name.hasBytes(ignoringCase: "traceparent"):
            scan.traceParents += 1
            // Of two nobody knows which one is meant.
            self.traceID = scan.traceParents == 1 ? TraceParent.traceID(value) ?? [] : []
        case 12 where name.hasBytes(ignoringCase: "x-request-id"):
            self.requestID = value.isVisibleASCII(upTo: 128) ? value : nil
        case 13 where name.hasBytes(ignoringCase: "authorization"): self.takeAuthorization(value)
        case 13 where name.hasBytes(ignoringCase: "x-sluice-tags"): self.takeTags(value)
        case 14 where name.hasBytes(ignoringCase: "content-length"):
            scan.contentLengths += 1
            if let length = value.strictDecimal { scan.length = length } else { self.isMalformed = true }
        case 14 where name.hasBytes(ignoringCase: "anthropic-beta"): self.takeBeta(value)
        case 15 where name.hasBytes(ignoringCase: "x-forwarded-for"):
            self.forwardedFor = self.forwardedFor.map { "\($0),\(value)" } ?? value
        case 16 where name.hasBytes(ignoringCase: "content-encoding"):
            if !value.hasBytes(ignoringCase: "identity") { self.contentEncoding = value }
        case 17 where name.hasBytes(ignoringCase: "transfer-encoding"):
            scan.transferEncodings += 1
            if !value.hasBytes(ignoringCase: "chunked") { self.isMalformed = true }
        case 17 where name.hasBytes(ignoringCase: "anthropic-version"): self.takeVersion(value)
        case 29 where name.hasBytes(ignoringCase: "access-control-request-method"): self.isPreflight = true
        case 30 where name.hasBytes(ignoringCase: "access-control-request-headers"): self.preflightHeaders = value
        default:
            if !tierHeaders.isEmpty { self.takeTier(name, value, tierHeaders) }
            self.takeTestHook(name, value)
        }
    }

    private func takeTier(_ name: String, _ value: String, _ headers: [[UInt8]]) {
        guard let header = headers.first(where: { name.hasBytes(ignoringCase: $0) }) else { return }
        let word = value[...].trimmingBlanks()
        let tier = Tier.allCases.first { String(word).hasBytes(ignoringCase: Array($0.name.utf8)) }
        self.tierWishes.append(TierWish(header: header, value: tier.map { .tier($0) } ?? .invalid))
    }

    private func takeTags(_ value: String) {
        guard !value.isEmpty else { return }
        if !self.tags.isEmpty { self.tags.append(UInt8(ascii: ",")) }
        self.tags += value.utf8
        guard self.tags.count > RequestHead.longestTags || !value.isPrintableASCII else { return }
        self.hasInvalidTags = true
        self.tags = []
    }

    private func takeVersion(_ value: String) {
        guard !value.isEmpty else { return }
        let isAnother = !self.anthropicVersion.isEmpty && !self.anthropicVersion.elementsEqual(value.utf8)
        guard !isAnother, value.utf8.count <= RequestHead.longestAnthropic, value.isPrintableASCII else {
            self.hasInvalidAnthropicHeader = true
            return
        }
        self.anthropicVersion = Array(value.utf8)
    }

    private func takeBeta(_ value: String) {
        guard !value.isEmpty else { return }
        let length = self.anthropicBeta.count + (self.anthropicBeta.isEmpty ? 0 : 1) + value.utf8.count
        guard length <= RequestHead.longestAnthropic, value.isPrintableASCII else {
            self.hasInvalidAnthropicHeader = true
            return
        }
        if !self.anthropicBeta.isEmpty { self.anthropicBeta.append(UInt8(ascii: ",")) }
        self.anthropicBeta += value.utf8
    }

    private func finish(_ scan: Scan) {
        self.hasLength = scan.contentLengths > 0
        if scan.transferEncodings > 0 {
            self.body = .chunked
            // Lengths said twice or in two ways, or in a way HTTP/1.0 does not know: two readers could disagree.
            if scan.transferEncodings > 1 || scan.contentLengths > 0 || self.isHTTP10 { self.isMalformed = true }
        } else if scan.contentLengths > 0 {
            self.body = scan.length == 0 ? .none : .known(scan.length)
            if scan.contentLengths > 1 { self.isMalformed = true }
        }
        if scan.hosts > 1 || (scan.hosts == 0 && !self.isHTTP10) { self.isMalformed = true }
        if self.isHTTP10, scan.saysKeepAlive { self.keepsAlive = true }
        // NIO's decoder stops behind a request that asks for another protocol; it is served, and was the last one.
        if scan.saysClose || scan.isUpgrade { self.keepsAlive = false }
    }

    // MARK: Keys

    private func takeAuthorization(_ value: String) {
        guard let blank = value.utf8.firstIndex(where: { $0 == 0x20 || $0 == 0x09 }) else {
            // A client library with an empty key sends the bare word.
            if !value.isEmpty, !value.hasBytes(ignoringCase: "bearer") { self.credential = .unusable }
            return
        }
        guard String(value[..<blank]).hasBytes(ignoringCase: "bearer") else {
            self.credential = .unusable
            return
        }
        self.takeKey(value[blank...].trimmingBlanks())
    }

    private func takeKey(_ value: Substring) {
        guard !value.isEmpty else { return }
        let key = String(value)
        switch self.credential {
        case .none: self.credential = .key(key)
        case .key(let other) where other.utf8.elementsEqual(key.utf8): break
        case .key, .unusable: self.credential = .unusable
        }
    }

    private func takeTestHook(_ name: String, _ value: String) {
        #if SLUICE_TEST_HOOKS
        if name.hasBytes(ignoringCase: "x-sluice-test-block-edge") { self.blockEdge = value.strictDecimal ?? 0 }
        if name.hasBytes(ignoringCase: "x-sluice-test-block-upstream") {
            self.blockUpstream = UInt8(clamping: value.strictDecimal ?? 0)
        }
        if name.hasBytes(ignoringCase: "x-sluice-test-crash") {
            self.crashesEdge = value.hasBytes("edge")
            if value.hasBytes("upstream") { self.blockUpstream = ProviderRequest.crashForTest }
        }
        if name.hasBytes(ignoringCase: "x-sluice-test-probe") { self.probe = value }
        if name.hasBytes(ignoringCase: "x-sluice-test-drop-settle") { self.dropsSettle = value.hasBytes("1") }
        #endif
    }
}
