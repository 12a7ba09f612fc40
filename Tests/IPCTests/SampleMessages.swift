import Domain
import IPC

/// One message of every kind with most fields set, and a way to decode a payload by its frame type.
enum SampleMessages {
    static let error = GatewayError(
        code: "provider_timeout", type: "server_error", status: 504, source: .provider, retry: .later,
        message: "no first token within 60 s", param: "model", retryAfter: 3)

    static let request = StreamRequest.provider(
        ProviderRequest(
            record: RecordID(high: 0x0123_4567_89ab_cdef, low: 0xfedc_ba98_7654_3210), endpoint: .chatCompletions,
            isStream: true, askedForUsage: true, anthropicVersion: Array("2023-06-01".utf8),
            anthropicBeta: Array("a-1,b-2".utf8), bodyLength: 1234, snapshot: 7,
            policy: 513, project: EntityID(high: 5, low: .max), weight: 1000,
            sharedName: .init(high: 0x1122_3344_5566_7788, low: 3, eachPays: true),
            calls: [
                ProviderRequest.Call(
                    target: Target(provider: 3, model: Array("gpt-4o".utf8)),
                    splices: [
                        BodySplice(offset: 1, removed: 0, replacement: Array("\"stream_options\":{}".utf8)),
                        BodySplice(offset: 20, removed: 5, replacement: Array("\"x\"".utf8)),
                    ], maximumOutput: 8192),
                ProviderRequest.Call(
                    target: Target(provider: 0, model: Array("claude".utf8), price: 12), splices: []),
            ]))

    static var requestInArea: StreamRequest { self.request.withBody(at: 0x1_0000_f000) }

    static let topology = TopologyAnnouncement(
        version: 1, host: 0xabcdef,
        topology: Topology(
            listeners: [
                ListenerSettings(
                    .ipv4(address: [127, 0, 0, 1], port: 8080), tls: .init(certificate: "/c.pem", key: "/k.pem")),
                ListenerSettings(.ipv6(address: [UInt8](repeating: 0, count: 15) + [1], scope: 2, port: 0)),
                ListenerSettings(.unix(path: "/run/x.sock")), ListenerSettings(.inherited(descriptor: 3)),
            ], edges: 2, upstreams: 1, drainTimeout: 300_000, stateDirectory: "/tmp/state", logLevel: .info,
            logFormat: .text, logFile: "/var/log/x.log", users: [RoleUser(role: .edge, user: 901, group: 900)],
            trustFolders: ["/etc/ours", "/srv/certificates"], serverFolders: ["/etc/pg", "/run/postgresql"]))

    static let report = TreeReport(
        state: .ready, pid: 77, build: [1, 2], age: 9000, version: 3, listeners: ["http://127.0.0.1:8080"],
        quarantined: 1,
        processes: [
            .init(
                role: .edge, index: 1, generation: 2, instance: 8, pid: 99, state: .draining, age: 1234, restarts: 2,
                activeRequests: 17, version: 3, missing: [.landlock, .seccomp])
        ],
        operations: [.init(token: 5, kind: .reload, state: .failed, message: "x.yaml:3:1: no", age: 20)])

    /// The shortest entries there are, and many of them.
    static let emptyReport = TreeReport(
        state: .starting, pid: 0, build: [], age: 0, version: 0, listeners: [], quarantined: 0,
        processes: Array(repeating: Self.report.processes[0], count: 40), operations: [])

    static let pages = MetricPageOffer(pages: [.init(role: .edge, slot: 3), .init(role: .supervisor, slot: 0)])

    static let all: [any WireMessage & Hashable] = [
        Hello(role: .edge, instance: 7, host: 9, build: [1, 2, 3]), Ready(), SnapshotNotice(version: 3),
        LinkOffer(role: .upstream, instance: 4), Heartbeat(sequence: 5, activeRequests: 6), Drain(timeout: 300),
        topology, emptyReport, pages, request,
        requestInArea,
        StreamRequest.administration(AdministrationRequest(method: "GET", path: "/metrics?x=1", bodyLength: 2)),
        StreamRequest.administration(
            AdministrationRequest(
                method: "PATCH", path: "/api/v1/keys/k", bodyLength: 1 << 20, credential: .token(Array("t".utf8)),
                headers: [.ifMatch: Array("\"3\"".utf8), .contentType: Array("application/json".utf8), .origin: []],
                client: [UInt8](repeating: 7, count: 16), record: RecordID(high: 1, low: 2))),
        StreamRequest.administration(AdministrationRequest(method: "GET", path: "/", credential: .unusable)),
        ResponseHead(
            status: 304, isStream: false, contentType: [], attempts: 0,
            further: [ReplyHeader(.etag, "\"7\""), ReplyHeader(.location, "/api/v1/keys/k")]),
        ResponseHead(
            status: 200, isStream: true, contentLength: 12, contentType: Array("text/event-stream".utf8),
            retryAfter: Array("1".utf8), providerRequestID: Array("req_1".utf8), call: 1,
            attempts: 9),
        ResponseHead(status: 200, isStream: false, contentType: [], cost: .known(.max), isShared: true),
        ResponseHead(status: 200, isStream: false, contentType: [], cost: .unknown),
        StreamEnd(
            failure: error, usage: TokenUsage(input: 1, cacheRead: 2, output: 3, reasoning: 4),
            attempts: [AttemptReport(call: 0, status: 200, firstContent: 10, total: 20, error: "reset")],
            trail: TrailStep.Kind.allCases.map { TrailStep($0, call: 63, detail: .max, at: 1_000_000) }),
        StreamEnd(
            usage: TokenUsage(input: 5), shared: .init(usageSource: .provider, cost: .max),
            trail: [TrailStep(.shared, call: 0, at: 7)]),
        StreamEnd(shared: .init(usageSource: .estimated, cost: nil)),
        Credit(bytes: 65_536), FurtherAttempt(call: 1, number: 2, reason: .hedge), Grant(allowed: true),
        OwnerDead(role: .upstream, instance: 9),
        Suspects(instance: 9, fingerprints: [1, .max]), Quarantine(fingerprint: .max, milliseconds: 600_000),
        SnapshotAcknowledged(version: 4, refusal: "no"), SnapshotAcknowledged(version: 5), ReloadRequest(version: 6),
        ReloadRequest(version: 7, readsFile: false),
        ReloadRefused(version: 6, message: "a\nb"), ReopenLogs(), Order(token: 1, kind: .upgrade), report,
        ListenerOffer(
            version: 6, entries: [.init(name: "127.0.0.1:80", hasTLS: true), .init(name: "x", hasTLS: false)]),
    ]

    /// Decodes a payload as what its type says, as a receiver would.
    static func decode(_ type: FrameType, _ payload: UnsafeRawBufferPointer) throws(FrameError) -> any Hashable {
        switch type {
        case .hello: unsafe try Hello(payload: payload)
        case .ready: unsafe try Ready(payload: payload)
        case .snapshot: unsafe try SnapshotNotice(payload: payload)
        case .snapshotAcknowledged: unsafe try SnapshotAcknowledged(payload: payload)
        case .reload: unsafe try ReloadRequest(payload: payload)
        case .reloadRefused: unsafe try ReloadRefused(payload: payload)
        case .reopenLogs: unsafe try ReopenLogs(payload: payload)
        case .listeners: unsafe try ListenerOffer(payload: payload)
        case .order: unsafe try Order(payload: payload)
        case .treeReport: unsafe try TreeReport(payload: payload)
        case .link: unsafe try LinkOffer(payload: payload)
        case .heartbeat: unsafe try Heartbeat(payload: payload)
        case .drain: unsafe try Drain(payload: payload)
        case .topology: unsafe try TopologyAnnouncement(payload: payload)
        case .ownerDead: unsafe try OwnerDead(payload: payload)
        case .suspects: unsafe try Suspects(payload: payload)
        case .quarantine: unsafe try Quarantine(payload: payload)
        case .metricPages: unsafe try MetricPageOffer(payload: payload)
        case .request: unsafe try StreamRequest(payload: payload)
        case .responseHead: unsafe try ResponseHead(payload: payload)
        case .end: unsafe try StreamEnd(payload: payload)
        case .attempt: unsafe try FurtherAttempt(payload: payload)
        case .grant: unsafe try Grant(payload: payload)
        case .credit: unsafe try Credit(payload: payload)
        case .body, .chunk, .cancel: unsafe Array(payload)
        }
    }
}

/// xorshift: the same numbers in every run.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        self.state = seed == 0 ? 1 : seed
    }

    mutating func next() -> UInt64 {
        self.state ^= self.state << 13
        self.state ^= self.state >> 7
        self.state ^= self.state << 17
        return self.state
    }
}
