public import Domain
import JSON
import UsageStore

/// Answers the requests of operators: the same code in control, on its socket, and in the command line while the gateway is
/// stopped. Lives on one thread.
public final class AdministrationService {
    /// What it serves.
    public let table: APIRouteTable
    private let unavailable: AdministrationFailure?
    private var limits: LimitsResource?
    private var repeated: RepeatedRequests?
    private var tokens: TokenAuthenticator?
    private let reader = JSONReader()
    /// Is told what is not for who asked, of each request that failed by it.
    public var report: (_ detail: String) -> Void = { _ in }

    public init(resources: [any AdministrationResource]) {
        self.table = APIRouteTable(resources.flatMap(\.routes))
        self.unavailable = nil
    }

    /// A service that refuses everything but what `resources` answer, for the reason given.
    public init(unavailable message: String, resources: [any AdministrationResource] = []) {
        self.table = APIRouteTable(resources.flatMap(\.routes))
        self.unavailable = AdministrationFailure(status: 503, code: "storage_failed", message: message)
    }

    /// The resources of a store: organizations, projects, keys and limits, and usage and requests of the usage database beside it; and of a
    /// gateway that runs, what is quarantined, `jobs`, and `others`. `limits` are those of the configuration in force; `usage` is where the usage
    /// database is, nil: in the state folder.
    public convenience init(
        store: AdministrationStore, limits: LimitSettings, usage: DatabaseAddress? = nil,
        quarantine: QuarantineBoard = QuarantineBoard(), jobs: JobBoard? = nil,
        others: [any AdministrationResource] = []
    ) {
        let usage = UsageFile(usage, stateDirectory: store.stateDirectory)
        let limits = LimitsResource(store: store, settings: limits)
        let resources: [any AdministrationResource] = [
            OrganizationsResource(store: store), KeysResource(store: store), ProjectsResource(store: store), limits,
            UsageResource(file: usage, names: store),
            UsageReportsResource(file: usage, names: store) { project in
                project.flatMap { store.zone(of: $0) } ?? limits.settings.timeZone
            },
            UsageCallsResource(file: usage),
            RequestsResource(file: usage, names: store), ActivityResource(file: usage, names: store),
            AuditResource(store: store), TokensResource(store: store),
            MasterKeyResource(store: store),
            QuarantineResource(board: quarantine) { try? store.note($0) },
        ]
        let ofJobs = jobs.map { [JobsResource(file: usage, board: $0)] } ?? []
        self.init(resources: resources + ofJobs + others)
        self.limits = limits
        self.repeated = RepeatedRequests(store: store)
        self.tokens = TokenAuthenticator(store: store)
    }

    /// Who the bearer of a token is; throws 401, or 503 where that cannot be found out now.
    public func actor(bearing token: Secret) throws(AdministrationFailure) -> AdministrationActor {
        guard let tokens else { throw self.unavailable ?? .unauthorized }
        do throws(AdministrationFailure) {
            return try tokens.actor(bearing: token)
        } catch {
            if let detail = error.detail { self.report(detail) }
            throw error
        }
    }

    /// Another configuration is in force.
    public func use(limits: LimitSettings) {
        self.limits?.settings = limits
    }

    /// The answer to the text of a frame, as the text of a frame.
    public func answer(_ text: [UInt8]) -> [UInt8] {
        do throws(AdministrationFailure) {
            let request = try AdministrationRequest(decoding: text, with: self.reader)
            let encoded = self.reply(to: request).encoded
            guard encoded.count <= AdministrationFrame.limit else {
                throw AdministrationFailure(
                    status: 500, code: "reply_too_large", message: "the answer is too large: ask for less at once")
            }
            return encoded
        } catch {
            return AdministrationReply(error).encoded
        }
    }

    /// Whether a resource is there for the request.
    public func answers(_ request: AdministrationRequest) -> Bool {
        guard let asked = request.path.first else { return false }
        return self.table.routes.contains { $0.path.first?.utf8.elementsEqual(asked.utf8) ?? false }
    }

    /// The answer to a request.
    public func reply(to request: AdministrationRequest) -> AdministrationReply {
        do throws(AdministrationFailure) {
            return try self.answer(request)
        } catch {
            if let detail = error.detail { self.report(detail) }
            return AdministrationReply(error)
        }
    }

    private func answer(_ request: AdministrationRequest) throws(AdministrationFailure) -> AdministrationReply {
        guard request.actor != .anonymous else { throw .unauthorized }
        switch self.table.match(request.method, request.path, isLocal: request.actor.isLocal) {
        case .unknown:
            // What has a place here has no other.
            throw self.answers(request) ? .unknownURL : self.unavailable ?? .unknownURL
        case .methodNotAllowed(let allowed): throw .methodNotAllowed(allowed)
        case .route(let route, let segments):
            if let action = route.action { try AdministrationPolicy.require(request.actor, action, in: .gateway) }
            if let fault = request.fault { throw fault }
            guard request.hasBody || route.body == nil else { throw .invalid("a body is needed: a JSON object") }
            var call = AdministrationCall(
                request, segments: segments, fields: try RequestFields(request.body, of: route))
            guard request.method == .post, let key = request.idempotencyKey, let repeated else {
                return try route.handler(&call)
            }
            return try repeated.once(request, key: key) { () throws(AdministrationFailure) in
                try route.handler(&call)
            }
        }
    }
}
