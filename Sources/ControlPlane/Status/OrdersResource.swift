import Administration
import Cryptography
import Domain
import IPC
import JSON

/// `orders`: `POST orders {"kind": …, "token": …}` asks something of the whole tree. What became of it stands in `status`, under
/// the token.
final class OrdersResource: AdministrationResource {
    private let send: (Order) -> Void

    private let note: (AuditEntry) -> Void

    /// `give` hands an order to the supervisor; `note` writes down who has given it.
    init(give: @escaping (Order) -> Void, note: @escaping (AuditEntry) -> Void) {
        self.send = give
        self.note = note
    }

    var routes: [APIRoute] {
        let kind = APISchema.oneOf(OrderKind.ofOperators.map(\.label))
        return [
            APIRoute(
                .post, ["orders"], id: "giveOrder", summary: "Asks something of the whole gateway.", tag: "gateway",
                body: .named(
                    "Order",
                    .object([
                        .init("kind", kind),
                        .init(
                            "token", .nullable(.string(pattern: "^(?!0{16}$)[0-9a-f]{16}$")), required: false,
                            "By which `status` tells what became of it; not all zeros. One is made where it is missing."
                        ),
                    ])), replies: [202: .object([.init("token", .fingerprint), .init("kind", kind)])],
                requires: .orderGateway, handler: self.give)
        ]
    }

    private func give(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        try call.require(.orderGateway, in: .gateway)
        let name = try call.fields.text("kind") ?? ""
        guard let kind = OrderKind.ofOperators.first(where: { $0.label.utf8.elementsEqual(name.utf8) }) else {
            throw .unusable("kind", "kind must be one of \(OrderKind.ofOperators.map(\.label).joined(separator: ", "))")
        }
        let token = try Self.token(call.fields.text("token"))
        try call.fields.end()
        self.send(Order(token: token, kind: kind))
        let after = AuditEntry.object { writer in
            writer.key("token")
            writer.string(FingerprintText.text(token))
        }
        self.note(AuditEntry(call.origin, .order, .gateway, kind.label, organization: nil, after: after))
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
                throw .unusable("token", "token must be 16 hexadecimal digits, not all of them 0")
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
