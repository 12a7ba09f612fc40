import Administration
import Domain
import IPC
import JSON

/// `status`: `GET status` says how the tree is.
final class StatusResource: AdministrationResource {
    private let board: StatusBoard
    private let providers: () -> [ProviderStatus]

    /// `providers` looks how they are now.
    init(board: StatusBoard, providers: @escaping () -> [ProviderStatus]) {
        self.board = board
        self.providers = providers
    }

    var routes: [APIRoute] {
        [
            APIRoute(
                .get, ["status"], id: "getStatus", summary: "Says how the gateway is.", tag: "gateway",
                replies: [200: Self.schema], handler: self.get)
        ]
    }

    private func get(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        try call.require(.readGateway, in: .gateway)
        try call.fields.end()
        guard let report = self.board.report else {
            let message =
                self.board.hasReport
                ? "the supervisor has said nothing for some time: it hangs or has gone"
                : "the gateway is starting: nothing is known of it yet"
            throw AdministrationFailure(status: 503, code: "status_unknown", message: message)
        }
        let notices = self.board.notices
        let providers = self.providers()
        return AdministrationReply { writer in
            writer.members(of: report)
            writer.key("providers")
            writer.list(providers) { $1.write(to: &$0) }
            writer.key("notices")
            writer.list(notices) { $0.string($1) }
        }
    }
}
