import Domain
import JSON

/// `quarantine`: requests that are refused because they killed workers. `GET quarantine` lists them; `DELETE
/// quarantine/FINGERPRINT` lets one through again.
public final class QuarantineResource: AdministrationResource {
    private let board: QuarantineBoard

    private let note: (AuditEntry) -> Void

    /// `note` writes down who has let what through.
    public init(board: QuarantineBoard, note: @escaping (AuditEntry) -> Void) {
        self.board = board
        self.note = note
    }

    public var routes: [APIRoute] {
        [
            APIRoute(
                .get, ["quarantine"], id: "listQuarantine",
                summary: "Lists the requests that are refused because they killed workers.", tag: "gateway",
                replies: [200: Self.schema], handler: self.list),
            APIRoute(
                .delete, ["quarantine", "{fingerprint}"], id: "releaseRequest",
                summary: "Lets requests of a fingerprint through again.", tag: "gateway",
                parameters: [
                    APIParameter(
                        "fingerprint", in: .path, .fingerprint,
                        "As the list and the log have it.")
                ], replies: [200: .object([.init("fingerprint", .fingerprint)])], handler: self.release),
        ]
    }

    private static let schema = APISchema.object([
        .init(
            "data",
            .array(.object([.init("fingerprint", .fingerprint), .init("seconds_left", .count)])))
    ])

    private func list(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        try call.require(.readGateway, in: .gateway)
        try call.fields.end()
        let entries = self.board.entries
        return AdministrationReply { writer in
            writer.key("data")
            writer.beginArray()
            for entry in entries {
                writer.beginObject()
                writer.key("fingerprint")
                writer.string(FingerprintText.text(entry.fingerprint))
                writer.key("seconds_left")
                writer.integer(Int64(clamping: entry.seconds))
                writer.endObject()
            }
            writer.endArray()
        }
    }

    private func release(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        try call.require(.orderGateway, in: .gateway)
        try call.fields.end()
        let text = call.segments["fingerprint"] ?? ""
        guard let fingerprint = FingerprintText.fingerprint(text), self.board.clear(fingerprint) else {
            throw .notFound("no request with the fingerprint \(text.prefix(32)) is in quarantine")
        }
        let target = FingerprintText.text(fingerprint)
        self.note(AuditEntry(call.origin, .release, .quarantine, target, organization: nil))
        return AdministrationReply { writer in
            writer.key("fingerprint")
            writer.string(target)
        }
    }
}
