import Catalogue
import HTTPClient
import Platform

/// One look at a catalogue's URL, on control's loop: bounded in time and in what is read. Keeps itself alive until it is over.
///
/// The URL itself is the file's and may be anywhere. Where its server sends on to is the server's word: only https on the public
/// Internet is followed.
final class CatalogueFetch: HTTPTransferDelegate {
    enum Outcome {
        /// What the server has, and its entity tag.
        case new([UInt8], tag: String?)
        /// The server has nothing but what the entity tag stands for.
        case same
        case failed(String)
    }

    /// How much a fetch may take.
    struct Limits {
        /// Nanoseconds for all of it.
        var patience: UInt64 = 120_000_000_000
        /// Bytes of the answer.
        var body = CatalogueReader.maximumBytes
        /// How often a server may send on to another place.
        var redirections = 3
    }

    private static let redirecting: Set<UInt16> = [301, 302, 303, 307, 308]

    private let client: HTTPClient
    private let loop: EpollLoop
    private let tag: String?
    private let limits: Limits
    private var redirected = 0
    private var transfer: HTTPTransfer?
    private var timer: LoopTimer?
    private var status: UInt16 = 0
    private var newTag: String?
    private var body: [UInt8] = []
    private var then: ((Outcome) -> Void)?

    private init(
        _ client: HTTPClient, _ loop: EpollLoop, tag: String?, _ limits: Limits, then: @escaping (Outcome) -> Void
    ) {
        self.client = client
        self.loop = loop
        self.tag = tag
        self.limits = limits
        self.then = then
    }

    /// `then` is called once, on the loop. `tag` is the entity tag of what is known already.
    static func start(
        _ url: String, tag: String?, _ client: HTTPClient, loop: EpollLoop, limits: Limits = Limits(),
        then: @escaping (Outcome) -> Void
    ) {
        let fetch = CatalogueFetch(client, loop, tag: tag, limits, then: then)
        fetch.timer = loop.schedule(after: limits.patience) { fetch.endLate() }
        fetch.get(url, .anywhere)
    }

    private func get(_ url: String, _ reach: HTTPReach) {
        self.status = 0
        self.body = []
        self.newTag = nil
        var headers = ["accept: application/json", "user-agent: sluice"]
        if let tag { headers.append("if-none-match: \(tag)") }
        let target = HTTPTarget(
            HTTPTarget.Settings(
                url: url, method: .get, headers: headers.map { Array($0.utf8) }, connectTimeout: 10_000, reach: reach,
                keepsConnections: false, tellsRedirections: true),
            limit: HTTPConnectionLimit(maximum: 1))
        self.transfer = self.client.start(target, onNewConnection: true, delegate: self)
    }

    // MARK: What the client calls

    func requestGoesOut() {}

    func headReceived(_ head: HTTPResponseHead) {
        self.status = head.status
        self.newTag = head.entityTag.flatMap { Self.tag($0) }
        if let length = head.contentLength, length > UInt64(self.limits.body) { self.breakOff(self.tooLarge) }
    }

    func received(_ bytes: UnsafeRawBufferPointer) -> HTTPFlow {
        // Of all other answers the status says enough.
        guard self.status == 200 else { return .proceed }
        guard self.body.count + bytes.count <= self.limits.body else {
            self.breakOff(self.tooLarge)
            return .proceed
        }
        unsafe self.body.append(contentsOf: bytes)
        return .proceed
    }

    func finished(_ error: HTTPClientError?) {
        let next = self.transfer?.redirection
        self.transfer = nil
        if let error { return self.end(.failed(Self.message(error))) }
        switch self.status {
        case 200: self.end(.new(self.body, tag: self.newTag))
        case 304 where self.tag != nil: self.end(.same)
        case let status where Self.redirecting.contains(status): self.follow(next)
        case let status: self.end(.failed("its server answers \(status)"))
        }
    }

    // MARK: -

    private func follow(_ next: String?) {
        guard let next, next.lowercased().hasPrefix("https://") else {
            return self.end(
                .failed("its server answers \(self.status) and sends on to no URL that starts with https://"))
        }
        self.redirected += 1
        guard self.redirected <= self.limits.redirections else {
            return self.end(.failed("its server sends on more than \(self.limits.redirections) times"))
        }
        self.get(next, .publicInternet)
    }

    private var tooLarge: String { "it is larger than \(self.limits.body >> 20) MiB" }

    private func endLate() {
        self.breakOff("it was not there within \(self.limits.patience / 1_000_000_000) s")
    }

    private func breakOff(_ message: String) {
        self.transfer?.cancel()
        self.end(.failed(message))
    }

    private func end(_ outcome: Outcome) {
        if let timer { self.loop.cancel(timer) }
        self.timer = nil
        self.transfer = nil
        let then = self.then
        self.then = nil
        then?(outcome)
    }

    /// An entity tag that can be sent back; nil for anything else.
    private static func tag(_ bytes: [UInt8]) -> String? {
        guard (2...256).contains(bytes.count), bytes.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func message(_ error: HTTPClientError) -> String {
        switch error.kind {
        case .resolve: "its host has no address"
        case .connect, .connectTimeout: "its server cannot be reached"
        case .tls: "its server's certificate is not accepted, or TLS could not be agreed on"
        case .forbiddenAddress: "its server sends on to an address that is not of the public Internet"
        case .sendFailed, .resetBeforeReply, .resetInReply: "the connection broke"
        case .protocolViolation, .tooLarge: "what was answered is not HTTP as it was asked for"
        case .aborted, .other: "it failed: \(error)"
        }
    }
}
