public import Domain
import JSON

/// Answers the requests of operators: the same code in control, on its socket, and in the command line while the gateway is
/// stopped. Lives on one thread.
public final class AdministrationService {
    private let resources: [any AdministrationResource]
    private let unavailable: AdministrationFailure?
    private let reader = JSONReader()

    public init(resources: [any AdministrationResource]) {
        self.resources = resources
        self.unavailable = nil
    }

    /// A service that refuses everything, for the reason given.
    public init(unavailable message: String) {
        self.resources = []
        self.unavailable = AdministrationFailure(status: 503, code: "storage_failed", message: message)
    }

    /// The resources of a store: keys, projects and limits, and usage and requests of the usage database beside it; and of a
    /// gateway that runs, what is quarantined. `limits` are those of the configuration in force.
    public convenience init(
        store: AdministrationStore, limits: LimitSettings, quarantine: QuarantineBoard = QuarantineBoard()
    ) {
        let usage = UsageFile(stateDirectory: store.stateDirectory)
        let resources: [any AdministrationResource] = [
            KeysResource(store: store), ProjectsResource(store: store), LimitsResource(store: store, settings: limits),
            UsageResource(file: usage, names: store),
            RequestsResource(file: usage, names: store), QuarantineResource(board: quarantine),
        ]
        self.init(resources: resources)
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

    /// The answer to a request.
    public func reply(to request: AdministrationRequest) -> AdministrationReply {
        do throws(AdministrationFailure) {
            if let unavailable = self.unavailable { throw unavailable }
            guard let first = request.path.first,
                let resource = self.resources.first(where: { $0.name.utf8.elementsEqual(first.utf8) })
            else { throw .unknownURL }
            return try resource.reply(to: request, path: request.path.dropFirst())
        } catch {
            return AdministrationReply(error)
        }
    }
}
