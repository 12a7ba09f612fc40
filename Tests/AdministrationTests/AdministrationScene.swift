import Domain
import JSON
import Testing

@testable import Administration

/// A store with a vault, the service over it, and a clock to set.
final class AdministrationScene {
    let folder: TemporaryFolder
    let store: AdministrationStore
    let service: AdministrationService
    private let time: Time

    private final class Time: @unchecked Sendable {
        var now: UInt64 = 1_800_000_000_000
    }

    /// Milliseconds since 1970.
    var now: UInt64 {
        get { self.time.now }
        set { self.time.now = newValue }
    }

    /// What was answered.
    struct Answer {
        var reply: AdministrationReply
        var body: JSONValue

        var status: Int { self.reply.status }
        var code: String? { Self.text(self.body["error"]?["code"]) }
        var field: String? { Self.text(self.body["error"]?["param"]) }

        func text(_ member: StaticString) -> String? { Self.text(self.body[member]) }

        static func text(_ value: JSONValue?) -> String? { value?.string.map { String(decoding: $0, as: UTF8.self) } }
    }

    init() throws {
        self.folder = try TemporaryFolder()
        let time = Time()
        self.time = time
        _ = try StateDirectory(path: "\(self.folder.path)/state")
        let path = "\(self.folder.path)/state"
        self.store = try AdministrationStore(stateDirectory: path, clock: { time.now })
        self.service = AdministrationService(store: self.store, limits: LimitSettings())
    }

    /// Asks with a body or query in JSON.
    func ask(
        _ method: AdministrationRequest.Method, _ path: String, _ body: String = "{}",
        as actor: AdministrationActor = .person(user: 0), key: String? = nil, match: String? = nil
    ) throws -> Answer {
        guard case .object(let members) = try JSONReader().read(Array(body.utf8), maximumBytes: 1 << 20) else {
            throw AdministrationFailure.invalid("no object")
        }
        let request = AdministrationRequest(
            method: method, path: path.split(separator: "/").map { String($0) }, body: members, actor: actor,
            ifMatch: match, idempotencyKey: key, address: "192.0.2.1", requestID: "r1")
        let reply = self.service.reply(to: request)
        let value = reply.body.isEmpty ? .null : try JSONReader().read(reply.body, maximumBytes: 1 << 20)
        return Answer(reply: reply, body: value)
    }

    /// A new token, and who comes with it.
    func token(
        _ role: AdministrationRole, in organization: EntityID? = nil
    ) throws -> (record: TokenRecord, secret: Secret) {
        try self.store.createToken(
            AdministrationStore.NewToken(name: role.name, role: role, organization: organization),
            from: .person)
    }

    func organization(_ name: String) throws -> EntityID {
        try self.store.createOrganization(name: name, metadata: Metadata(), from: .person).id
    }
}
