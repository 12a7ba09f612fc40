public import Domain

/// Where the administration answers.
public struct AdminSettings: Hashable, Sendable {
    /// Its own listener, where nothing else answers but health and metrics; nil: the listeners of clients.
    public var listen: ListenerSettings?
    /// The folder of Swagger UI's files, as written: relative to the working directory of `sluice serve`; nil: the one beside the
    /// programs.
    public var swaggerUI: String?

    public init(listen: ListenerSettings? = nil, swaggerUI: String? = nil) {
        self.listen = listen
        self.swaggerUI = swaggerUI
    }
}
