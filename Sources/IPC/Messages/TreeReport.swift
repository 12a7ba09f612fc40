public import Domain

/// All that `sluice status` shows. The supervisor sends it to control after each change and once a second.
public struct TreeReport: Hashable, WireMessage {
    public static let frameType = FrameType.treeReport

    /// How the tree is as a whole.
    public enum State: UInt8, Hashable, Sendable, CaseIterable {
        case starting = 0
        case ready = 1
        /// Works, but processes keep ending.
        case degraded = 2
        case stopping = 3

        public var label: String {
            switch self {
            case .starting: "starting"
            case .ready: "ready"
            case .degraded: "degraded"
            case .stopping: "stopping"
            }
        }
    }

    /// What one process does.
    public enum ProcessState: UInt8, Hashable, Sendable, CaseIterable {
        /// Waits to be started again.
        case waiting = 0
        case starting = 1
        case ready = 2
        case draining = 3
        /// Hangs, and is being ended.
        case ending = 4

        public var label: String {
            switch self {
            case .waiting: "waiting"
            case .starting: "starting"
            case .ready: "ready"
            case .draining: "draining"
            case .ending: "ending"
            }
        }
    }

    public struct Process: Hashable, Sendable {
        public var role: Role
        /// From 0 within the role.
        public var index: UInt16
        /// Which generation of programs it belongs to.
        public var generation: UInt32
        public var instance: UInt32
        /// 0 while there is none.
        public var pid: UInt32
        public var state: ProcessState
        /// Milliseconds since it was started.
        public var age: UInt64
        /// Times a process was started again in this seat.
        public var restarts: UInt64
        public var activeRequests: UInt32
        /// The snapshot in force there.
        public var version: UInt64
        /// What of its hardening this machine does not allow.
        public var missing: Hardening

        public init(
            role: Role, index: UInt16, generation: UInt32, instance: UInt32, pid: UInt32, state: ProcessState,
            age: UInt64, restarts: UInt64, activeRequests: UInt32, version: UInt64, missing: Hardening
        ) {
            self.role = role
            self.index = index
            self.generation = generation
            self.instance = instance
            self.pid = pid
            self.state = state
            self.age = age
            self.restarts = restarts
            self.activeRequests = activeRequests
            self.version = version
            self.missing = missing
        }
    }

    /// Something that was asked of the tree, by a signal or an operator.
    public struct Operation: Hashable, Sendable {
        public enum State: UInt8, Hashable, Sendable, CaseIterable {
            case running = 0
            case done = 1
            case failed = 2

            public var label: String {
                switch self {
                case .running: "running"
                case .done: "done"
                case .failed: "failed"
                }
            }
        }

        /// The operator's; 0 for a signal.
        public var token: UInt64
        public var kind: OrderKind
        public var state: State
        /// For people: how far it is, what it has done, or why it failed; one line a problem.
        public var message: String
        /// Milliseconds since it was asked for.
        public var age: UInt64

        public init(token: UInt64, kind: OrderKind, state: State, message: String, age: UInt64) {
            self.token = token
            self.kind = kind
            self.state = state
            self.message = String(decoding: message.utf8.prefix(TreeReport.longestMessage), as: UTF8.self)
            self.age = age
        }
    }

    static let longestMessage = 2 << 10
    /// Operations told of: the newest.
    public static let operationLimit = 8

    public var state: State
    /// The supervisor's.
    public var pid: UInt32
    /// Identifies the supervisor's build.
    public var build: [UInt8]
    /// Milliseconds since the gateway was started (upgrades do not count).
    public var age: UInt64
    /// The snapshots in force.
    public var version: UInt64
    /// Bound addresses, with `https://` or `http://` before them.
    public var listeners: [String]
    /// Requests that are refused because they killed workers.
    public var quarantined: UInt32
    public var processes: [Process]
    /// Oldest first.
    public var operations: [Operation]

    public init(
        state: State, pid: UInt32, build: [UInt8], age: UInt64, version: UInt64, listeners: [String],
        quarantined: UInt32, processes: [Process], operations: [Operation]
    ) {
        self.state = state
        self.pid = pid
        self.build = build
        self.age = age
        self.version = version
        self.listeners = listeners
        self.quarantined = quarantined
        self.processes = processes
        self.operations = Array(operations.suffix(Self.operationLimit))
    }
}
