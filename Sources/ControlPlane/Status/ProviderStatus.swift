import Limits

/// How one provider is, for operators. Nil stands for what nobody knows while there is no table of providers.
struct ProviderStatus: Hashable, Sendable {
    /// One of its models whose breaker is not closed.
    struct Target: Hashable, Sendable {
        var model: [UInt8]
        var breaker: BreakerState
    }

    /// A key, or a key for one model.
    struct Key: Hashable, Sendable {
        /// Its name in the configuration; empty for `api_key`, nil for calls without a key.
        var name: String?
        var state: KeyState?
        /// Models it is refused for, while it is good for others.
        var models: [Model] = []
    }

    struct Model: Hashable, Sendable {
        var name: [UInt8]
        var state: KeyState
    }

    var name: String
    var breaker: BreakerState?
    /// Of those that aliases lead to.
    var targets: [Target] = []
    var keys: [Key] = []
    /// Calls over all upstreams.
    var running: UInt32?
    /// Calls at the same time that the configuration allows, where it does.
    var concurrency: UInt32?
    var maxConnections: UInt32
    /// Requests over all upstreams.
    var waiting: UInt32?
    /// Microseconds, of late.
    var firstToken: UInt64?
}
