public import Limits

/// How one provider is, for operators. Nil stands for what nobody knows while there is no table of providers.
public struct ProviderStatus: Hashable, Sendable {
    /// One of its models whose breaker is not closed.
    public struct Target: Hashable, Sendable {
        public var model: [UInt8]
        public var breaker: BreakerState

        public init(model: [UInt8], breaker: BreakerState) {
            self.model = model
            self.breaker = breaker
        }
    }

    /// A key, or a key for one model.
    public struct Key: Hashable, Sendable {
        /// Its name in the configuration; empty for `api_key`, nil for calls without a key.
        public var name: String?
        public var state: KeyState?
        /// Models it is refused for, while it is good for others.
        public var models: [Model]

        public init(name: String?, state: KeyState? = nil, models: [Model] = []) {
            self.name = name
            self.state = state
            self.models = models
        }
    }

    public struct Model: Hashable, Sendable {
        public var name: [UInt8]
        public var state: KeyState

        public init(name: [UInt8], state: KeyState) {
            self.name = name
            self.state = state
        }
    }

    public var name: String
    public var breaker: BreakerState?
    /// Of those that aliases lead to.
    public var targets: [Target]
    public var keys: [Key]
    /// Calls over all upstreams.
    public var running: UInt32?
    /// Calls at the same time that the configuration allows, where it does.
    public var concurrency: UInt32?
    public var maxConnections: UInt32
    /// Requests over all upstreams.
    public var waiting: UInt32?
    /// Microseconds, of late.
    public var firstToken: UInt64?

    public init(
        name: String, breaker: BreakerState? = nil, targets: [Target] = [], keys: [Key] = [], running: UInt32? = nil,
        concurrency: UInt32? = nil, maxConnections: UInt32, waiting: UInt32? = nil, firstToken: UInt64? = nil
    ) {
        self.name = name
        self.breaker = breaker
        self.targets = targets
        self.keys = keys
        self.running = running
        self.concurrency = concurrency
        self.maxConnections = maxConnections
        self.waiting = waiting
        self.firstToken = firstToken
    }
}
