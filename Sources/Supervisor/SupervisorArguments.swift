import EventLog

/// The supervisor's command line, as `sluice serve` writes it: `--name=value` only.
struct SupervisorArguments: Hashable {
    /// Sealed memory with the environment for control.
    var environment: Int32
    /// The configuration file, absolute.
    var configuration: String?
    /// The folder of the programs, as the gateway was started by; nil: this program's own.
    var programs: String?

    /// Where the state of the program before lies, when this one goes on with it.
    static func resumption(_ arguments: [String]) -> Int32? {
        guard arguments.count == 1, let value = Self.value(of: "--resume-fd", in: arguments[0]) else { return nil }
        return Self.descriptor(value)
    }

    /// Parses what follows the program's name.
    static func parse(_ arguments: [String]) throws(StartFailure) -> SupervisorArguments {
        var environment: Int32?
        var configuration: String?
        var programs: String?
        for argument in arguments {
            if let value = Self.value(of: "--environment-fd", in: argument), environment == nil,
                let number = Self.descriptor(value)
            {
                environment = number
            } else if let value = Self.value(of: "--config", in: argument), configuration == nil,
                value.utf8.first == UInt8(ascii: "/")
            {
                configuration = value
            } else if let value = Self.value(of: "--programs", in: argument), programs == nil,
                value.utf8.first == UInt8(ascii: "/")
            {
                programs = value
            } else {
                throw StartFailure("sluice-supervisor: unexpected argument \(argument); start it with `sluice serve`")
            }
        }
        guard let environment else {
            throw StartFailure("sluice-supervisor: --environment-fd is missing; start it with `sluice serve`")
        }
        return SupervisorArguments(environment: environment, configuration: configuration, programs: programs)
    }

    private static func value(of name: String, in argument: String) -> String? {
        argument.hasPrefix(name + "=") ? String(argument.dropFirst(name.utf8.count + 1)) : nil
    }

    private static func descriptor(_ text: String) -> Int32? {
        let digits = Array(text.utf8)
        guard (1...6).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        let number = digits.reduce(Int32(0)) { $0 &* 10 &+ Int32($1 &- 0x30) }
        return number > 2 ? number : nil
    }
}
