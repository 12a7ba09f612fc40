import Administration
import Domain
import HTTPClient
import JSON

/// What came of a call to a provider, in words of our own: nothing of the key, and nothing of what the provider wrote.
struct ProbeResult: Hashable, Sendable {
    var isOK: Bool
    /// Of the answer; nil where there was none.
    var status: Int?
    var milliseconds: UInt64
    /// How many models the provider lists; nil where it does not say.
    var models: Int?
    var message: String

    /// Of the simulated provider.
    static let simulated = ProbeResult(
        isOK: true, status: nil, milliseconds: 0, models: nil, message: "The simulated provider always answers.")

    /// `error` is how the call ended where it did not end well.
    init(_ probe: ProviderProbe, status: Int?, body: [UInt8], milliseconds: UInt64, error: HTTPClientError?) {
        self.status = status
        self.milliseconds = milliseconds
        self.models = nil
        self.isOK = false
        guard let status, error == nil else {
            self.message = Self.words(error)
            return
        }
        switch status {
        case 200 where probe.listsModels:
            guard let count = Self.count(body) else {
                self.message = "The provider answers, but not with a list of models: is base_url right?"
                return
            }
            self.models = count
            self.isOK = true
            self.message = "The provider lists \(count) \(count == 1 ? "model" : "models")."
        case _ where !probe.listsModels && [200, 400, 422].contains(status):
            self.isOK = true
            self.message = "The provider answers, and takes the key."
        case 401, 403: self.message = "The provider refuses the key (status \(status))."
        case 404: self.message = "The provider has nothing at that URL (status 404): is base_url right?"
        case 429:
            self.message = "The provider answers that there were too many requests with this key (status 429)."
        case 300...399: self.message = "The provider sends us elsewhere (status \(status)), where we do not follow."
        default: self.message = "The provider answers with status \(status)."
        }
    }

    private init(isOK: Bool, status: Int?, milliseconds: UInt64, models: Int?, message: String) {
        self.isOK = isOK
        self.status = status
        self.milliseconds = milliseconds
        self.models = models
        self.message = message
    }

    /// Of a call that took too long, or whose answer was too long.
    static func broken(_ message: String, milliseconds: UInt64) -> ProbeResult {
        ProbeResult(isOK: false, status: nil, milliseconds: milliseconds, models: nil, message: message)
    }

    var reply: AdministrationReply {
        AdministrationReply { writer in
            writer.key("ok")
            writer.bool(self.isOK)
            writer.key("status")
            if let status { writer.integer(status) } else { writer.null() }
            writer.key("latency_ms")
            writer.integer(self.milliseconds)
            writer.key("models")
            if let models { writer.integer(models) } else { writer.null() }
            writer.key("message")
            writer.string(self.message)
        }
    }

    static let schema = APISchema.named(
        "ConnectionTest",
        .object([
            .init("ok", .boolean, "Whether the provider answers, and takes the key."),
            .init("status", .nullable(.whole), "Of the provider's answer; null where there was none."),
            .init("latency_ms", .whole),
            .init("models", .nullable(.whole), "How many models it lists; null where it does not say."),
            .init("message", .string(), "What came of it, in the gateway's words."),
        ]))

    private static func count(_ body: [UInt8]) -> Int? {
        guard let value = try? JSONReader().read(body, maximumBytes: ProbeCall.bodyLimit) else { return nil }
        // Together answers with a bare list.
        return (value["data"]?.array ?? value.array)?.count
    }

    private static func words(_ error: HTTPClientError?) -> String {
        guard let error else { return "The provider closed the connection without an answer." }
        switch error.kind {
        case .resolve: return "The provider's host name cannot be resolved."
        case .connectTimeout: return "The provider cannot be reached: no connection in time."
        case .connect: return "The provider cannot be reached: it does not accept connections."
        case .forbiddenAddress: return "The provider's address is none of the public Internet: it was not called."
        case .tls: return "There is no secure connection to the provider: its certificate cannot be trusted."
        default: return "The connection to the provider broke."
        }
    }
}
