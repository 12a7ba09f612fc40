public import Domain
public import EventLog
public import Platform

/// A worker's command line, written by the supervisor and nobody else: `--name=value` only, each at most once, unknown ones
/// refused.
public struct WorkerArguments: Hashable, Sendable {
    /// Where the supervisor's socket is.
    public static let controlDescriptor: Int32 = 3

    public var role: Role
    public var instance: UInt32
    /// Sealed memory with the environment (control only).
    public var environment: Int32?
    /// Sealed memory with the configuration in force, given to a control that was started again.
    public var inForce: Int32?
    /// The locked instance file, given to a control that was started again.
    public var instanceFile: Int32?
    /// Shared memory for what the process counts; nil: nobody sees that.
    public var metricPage: Int32?
    /// The configuration file (control only).
    public var configuration: String?
    /// Absolute path of the state folder (not for control's first process, which finds it out).
    public var state: String?
    /// Folders to be read besides the system's (upstreams, and the aggregator where it has a server).
    public var trustFolders: [String] = []
    /// Whether usage is stored by a server (aggregator only).
    public var hasServer = false
    /// Who to become before anything else is done; nil: whoever the supervisor is.
    public var user: ProcessUser?

    /// Another generation still works: everything is to be got ready, and nothing taken over before `WorkerRole.activate`.
    public var isOnStandby = false

    /// Every descriptor the process must have, and no other.
    public var descriptors: [Int32] {
        let extra = [self.environment, self.inForce, self.instanceFile, self.metricPage].compactMap { $0 }
        return ([0, 1, 2, Self.controlDescriptor] + extra).sorted()
    }

    /// Parses what follows the program's name.
    public static func parse(_ arguments: [String], role: Role) throws(StartFailure) -> WorkerArguments {
        var seen: Set<String> = []
        var parsed = WorkerArguments(role: role, instance: 0)
        for argument in arguments {
            if argument == "--standby", seen.insert(argument).inserted {
                parsed.isOnStandby = true
                continue
            }
            if argument == "--server", role == .aggregator, seen.insert(argument).inserted {
                parsed.hasServer = true
                continue
            }
            guard let split = argument.firstIndex(of: "="), argument.hasPrefix("--") else {
                throw StartFailure("\(role.program): this program is started by sluice-supervisor only")
            }
            let (name, value) = (String(argument[..<split]), String(argument[argument.index(after: split)...]))
            guard seen.insert(name).inserted || name == "--trust" else {
                throw StartFailure("\(role.program): \(name) is given twice")
            }
            try parsed.take(name, value)
        }
        guard seen.contains("--instance") else { throw StartFailure("\(role.program): --instance is missing") }
        let numbers = parsed.descriptors
        guard Set(numbers).count == numbers.count else {
            throw StartFailure("\(role.program): two arguments name the same descriptor")
        }
        return parsed
    }

    private mutating func take(_ name: String, _ value: String) throws(StartFailure) {
        switch (name, self.role) {
        case ("--instance", _): self.instance = try self.number(name, value, 1...0xFF_FFFF)
        case ("--environment-fd", .control): self.environment = Int32(try self.number(name, value, 4...63))
        case ("--in-force-fd", .control): self.inForce = Int32(try self.number(name, value, 4...63))
        case ("--instance-file-fd", .control): self.instanceFile = Int32(try self.number(name, value, 4...63))
        case ("--metric-page-fd", _): self.metricPage = Int32(try self.number(name, value, 4...63))
        case ("--config", .control): self.configuration = value
        case ("--state", _): self.state = try self.path(name, value)
        case ("--trust", .upstream), ("--trust", .aggregator): self.trustFolders.append(try self.path(name, value))
        case ("--user", _): self.user = try self.user(name, value)
        default: throw StartFailure("\(self.role.program): unknown argument \(name)")
        }
    }

    private func path(_ name: String, _ value: String) throws(StartFailure) -> String {
        guard value.utf8.first == UInt8(ascii: "/") else {
            throw StartFailure("\(self.role.program): \(name) needs an absolute path")
        }
        return value
    }

    /// `user:group` and further groups, as numbers.
    private func user(_ name: String, _ value: String) throws(StartFailure) -> ProcessUser {
        let parts = value.split(separator: ":", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { part in
            part.utf8.allSatisfy { (0x30...0x39).contains($0) } ? UInt32(part) : nil
        }
        guard numbers.count == parts.count, (2...18).contains(numbers.count) else {
            throw StartFailure("\(self.role.program): \(name) needs the numbers of a user and its groups")
        }
        return ProcessUser(user: numbers[0], group: numbers[1], groups: Array(numbers.dropFirst(2)))
    }

    private func number(_ name: String, _ value: String, _ range: ClosedRange<UInt32>) throws(StartFailure) -> UInt32 {
        let digits = Array(value.utf8)
        guard (1...8).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }),
            case let number = digits.reduce(0, { $0 &* 10 &+ UInt32($1 &- 0x30) }), range.contains(number)
        else { throw StartFailure("\(self.role.program): \(name) needs a number from \(range.lowerBound)") }
        return number
    }

    /// Throws unless exactly the announced descriptors are open.
    public func verifyDescriptors(open: [Int32]) throws(StartFailure) {
        #if SLUICE_TEST_HOOKS
        // A program under valgrind has descriptors of valgrind's too, most of them far above all others.
        if open.contains(where: { $0 >= 10_000 }) { return }
        #endif
        guard open != self.descriptors else { return }
        throw StartFailure(
            "\(self.role.program): descriptors \(open) are open, \(self.descriptors) were expected"
                + " (this program is started by sluice-supervisor only)")
    }
}
