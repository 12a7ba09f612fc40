public import Domain

/// Where the gateway keeps what it stores: servers, or files in the state folder.
public struct DatabaseSettings: Hashable, Sendable {
    /// Of the control plane: keys, limits, configuration; nil for the file.
    public var control: PostgresAddress?
    /// Of the aggregator: what was used; nil for the file.
    public var usage: PostgresAddress?

    public init(control: PostgresAddress? = nil, usage: PostgresAddress? = nil) {
        self.control = control
        self.usage = usage
    }
}
