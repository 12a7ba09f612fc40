import Database
import Domain
import EventLog
import JSON

/// `master-key/rotate`: seals everything with a new master key. For operators on this machine only.
public final class MasterKeyResource: AdministrationResource {
    private let store: AdministrationStore

    public init(store: AdministrationStore) {
        self.store = store
    }

    public var routes: [APIRoute] {
        [
            APIRoute(
                .post, ["master-key", "rotate"], id: "rotateMasterKey",
                summary: "Seals everything with a new master key.", tag: "master key",
                body: .object([
                    .init(
                        "stragglers", .nullable(.boolean), required: false,
                        "Only what was sealed with the former key while the last rotation ran.")
                ]), replies: [200: Self.schema], isLocal: true, handler: self.rotate)
        ]
    }

    private static let schema = APISchema.object([
        .init("keys", .whole), .init("providers", .whole), .init("replies", .whole), .init("dropped", .whole),
        .init("master_key", .string(), "Where the new key is: a path, or the variable."),
        .init("set_variable", .boolean, "Whether SLUICE_MASTER_KEY has to get the new key before the next start."),
        .init("others_write", .boolean, "Whether others may write at the same time, so that stragglers are possible."),
    ])

    private func rotate(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        let onlyStragglers = try call.fields.flag("stragglers")
        try call.fields.end()
        try call.require(.orderGateway, in: .gateway)
        let connection = self.store.connection
        do throws(VaultError) {
            var rotation = Vault.Rotation(
                keys: 0, providers: 0, replies: 0, dropped: 0, place: self.store.vault.place, isGiven: false)
            if onlyStragglers {
                rotation.keys = try self.store.vault.resealStragglers(connection)
            } else {
                rotation = try self.store.rotateMasterKey(from: call.origin)
            }
            return AdministrationReply { writer in
                for (name, count) in [
                    ("keys", rotation.keys), ("providers", rotation.providers), ("replies", rotation.replies),
                    ("dropped", rotation.dropped),
                ] {
                    writer.key(Array(name.utf8))
                    writer.integer(count)
                }
                writer.key("master_key")
                writer.string(rotation.place)
                writer.key("set_variable")
                writer.bool(rotation.isGiven)
                writer.key("others_write")
                writer.bool(connection.product == .postgres)
            }
        } catch {
            // What the asker can mend is no fault of the gateway's.
            if case .start(let failure) = error {
                throw AdministrationFailure(status: 409, code: "master_key", message: failure.message)
            }
            // It is an operator's to mend.
            var failure = AdministrationFailure(error)
            failure.message = failure.detail ?? failure.message
            throw failure
        }
    }
}
