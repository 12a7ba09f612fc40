import Domain
import JSON

/// `quarantine`: requests that are refused because they killed workers. `GET quarantine` lists them; `DELETE
/// quarantine/FINGERPRINT` lets one through again.
public final class QuarantineResource: AdministrationResource {
    public let name = "quarantine"
    private let board: QuarantineBoard

    public init(board: QuarantineBoard) {
        self.board = board
    }

    public func reply(
        to request: AdministrationRequest, path: ArraySlice<String>
    ) throws(AdministrationFailure) -> AdministrationReply {
        try RequestFields(request.body).end()
        switch (request.method, path.first) {
        case (.get, nil):
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
        case (.delete, .some(let text)) where path.count == 1:
            guard let fingerprint = FingerprintText.fingerprint(text), self.board.clear(fingerprint) else {
                throw .notFound("no request with the fingerprint \(text.prefix(32)) is in quarantine")
            }
            return AdministrationReply { writer in
                writer.key("fingerprint")
                writer.string(FingerprintText.text(fingerprint))
            }
        case (_, nil): throw .methodNotAllowed
        default: throw path.count == 1 ? .methodNotAllowed : .unknownURL
        }
    }
}
