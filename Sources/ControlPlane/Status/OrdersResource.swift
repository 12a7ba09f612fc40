import Administration
import Cryptography
import Domain
import IPC
import JSON

/// `orders`: `POST orders {"kind": …, "token": …}` asks something of the whole tree. What became of it stands in `status`, under
/// the token.
final class OrdersResource: AdministrationResource {
    let name = "orders"
    private let give: (Order) -> Void

    /// `give` hands an order to the supervisor.
    init(give: @escaping (Order) -> Void) {
        self.give = give
    }

    func reply(
        to request: Administration.AdministrationRequest, path: ArraySlice<String>
    ) throws(AdministrationFailure) -> AdministrationReply {
        guard path.isEmpty else { throw .unknownURL }
        guard request.method == .post else { throw .methodNotAllowed }
        var fields = try RequestFields(request.body)
        let name = try fields.text("kind") ?? ""
        guard let kind = OrderKind.ofOperators.first(where: { $0.label.utf8.elementsEqual(name.utf8) }) else {
            throw .invalid("kind must be one of \(OrderKind.ofOperators.map(\.label).joined(separator: ", "))")
        }
        let token = try Self.token(fields.text("token"))
        try fields.end()
        self.give(Order(token: token, kind: kind))
        return AdministrationReply(status: 202) { writer in
            writer.key("token")
            writer.string(FingerprintText.text(token))
            writer.key("kind")
            writer.string(kind.label)
        }
    }

    /// The one that was given, else one of our own.
    private static func token(_ text: String?) throws(AdministrationFailure) -> UInt64 {
        if let text {
            guard let token = FingerprintText.fingerprint(text), token != 0 else {
                throw .invalid("token must be 16 hexadecimal digits, not all of them 0")
            }
            return token
        }
        do throws(CryptographyError) {
            return try RandomBytes.make(8).reduce(0) { $0 << 8 | UInt64($1) } | 1
        } catch {
            throw AdministrationFailure(status: 500, code: "internal_error", message: "\(error)")
        }
    }
}
