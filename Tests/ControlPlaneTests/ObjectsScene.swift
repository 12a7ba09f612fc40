import Configuration
import Domain
import JSON
import Testing

@testable import Administration
@testable import ControlPlane

/// The resources of objects over a database of their own and a file.
final class ObjectsScene {
    static let file = """
        providers:
          one: {dialect: simulated}
        models:
          fast: {targets: ["one:m"]}
        pricing:
          one:m: {input: 1, output: 2}
        """

    let folder: TemporaryFolder
    let store: AdministrationStore
    let codec: ObjectCodec
    let board: ObjectBoard
    private let service: AdministrationService

    init(file: String = ObjectsScene.file) throws {
        let folder = try TemporaryFolder()
        self.folder = folder
        let vault = try Vault(MasterKeySource(stateDirectory: folder.path) { _ in nil })
        let store = try SampleVault.store(folder.path, vault)
        self.store = store
        let codec = ObjectCodec(vault: vault)
        self.codec = codec
        let base = Self.load(file)
        let board = ObjectBoard(
            ObjectBoard.State(base: base, merge: ObjectMerge(base, []), number: 0),
            objection: { SnapshotBuilder.objection(to: $0, $1) })
        self.board = board
        self.service = AdministrationService(
            store: store, limits: LimitSettings(),
            others: ObjectKind.allCases.map {
                ObjectsResource($0, store: store, codec: codec, board: board, clock: { 1_700_000_000_000 })
            })
    }

    static func load(_ text: String) -> ConfigurationResult {
        let result = ConfigurationLoader.load(text: text, file: "f.yaml", environment: [:]) {
            (_, _) throws(BoundedFile.Failure) in throw BoundedFile.Failure(reason: "no files here")
        }
        #expect(result.problems.isEmpty)
        return result
    }

    /// Puts in force what is stored, as control does.
    func follow() throws {
        let records = try self.store.objects()
        let base = self.board.now.base
        let merge = ObjectMerge(base, try self.codec.objects(of: records))
        self.board.use(
            ObjectBoard.State(
                base: base, merge: merge, number: records.number, catalogue: self.board.now.catalogue))
    }

    /// Another file.
    func use(_ file: String) throws {
        let base = Self.load(file)
        self.board.use(ObjectBoard.State(base: base, merge: ObjectMerge(base, []), number: 0))
        try self.follow()
    }

    @discardableResult
    func ask(
        _ method: AdministrationRequest.Method, _ path: String..., body: String = "{}", ifMatch: String? = nil,
        actor: AdministrationActor = .person(user: 0), key: String? = nil
    ) throws -> AdministrationReply {
        guard case .object(let members) = try JSONReader().read(Array(body.utf8), maximumBytes: 1 << 20) else {
            throw AdministrationFailure.invalid("no object")
        }
        let reply = self.service.reply(
            to: AdministrationRequest(
                method: method, path: path, body: members, actor: actor, ifMatch: ifMatch, idempotencyKey: key))
        try self.follow()
        return reply
    }
}

extension AdministrationReply {
    /// The body, once it is in force.
    var json: JSONValue {
        var bytes = self.body
        if case .objects(_, let inForce)? = self.sequel { bytes = inForce }
        return (try? JSONReader().read(bytes, maximumBytes: 1 << 20)) ?? .null
    }

    var text: String {
        var writer = JSONWriter()
        writer.value(self.json)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    var code: String? { self.json["error"]?["code"]?.string.map { String(decoding: $0, as: UTF8.self) } }
    var field: String? { self.json["error"]?["param"]?.string.map { String(decoding: $0, as: UTF8.self) } }
    var message: String? { self.json["error"]?["message"]?.string.map { String(decoding: $0, as: UTF8.self) } }
}
