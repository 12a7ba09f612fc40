import Domain
import IPC
import Platform

/// All that a supervisor hands to the program that replaces it, beside the descriptors themselves, which stay open under their
/// numbers: in sealed memory, whose number is on the new program's command line.
struct SupervisorState: Hashable {
    private static let magic = Array("sluice supervisor state".utf8)
    /// Bytes of the largest state.
    static let limit = 16 << 20

    struct Child: Hashable {
        var seat: Seat
        var pid: Int32
        var process: Int32
        var line: Int32
    }

    struct Socket: Hashable {
        var number: Int32
        /// Of a Unix socket's file, which is to be removed in the end.
        var path: String?
        var tls: Files?

        struct Files: Hashable {
            var certificate: Int32
            var key: Int32
        }

        var numbers: [Int32] { [self.number] + (self.tls.map { [$0.certificate, $0.key] } ?? []) }
    }

    /// Where the programs are.
    var folder: String
    /// The configuration file.
    var configuration: String?
    var null: Int32
    /// What the gateway was started with, and the file that is logged to instead.
    var standardError: Int32
    var logFile: String?
    var environment: Int32
    var children: [Child]
    /// One an address of the announcement, in its order.
    var listeners: [Socket]
    /// The serving generation's: edge, upstream, aggregator, in force.
    var snapshots: [Int32]
    var instanceFile: Int32
    var programs: [Role: Int32]
    var pages: [MetricPages.Entry]
    /// Of `SupervisorMachine`.
    var machine: [UInt8]

    /// The descriptors that are to survive.
    var descriptors: [Int32] {
        [self.null, self.standardError, self.environment, self.instanceFile] + self.snapshots
            + self.listeners.flatMap(\.numbers)
            + self.children.flatMap { [$0.process, $0.line] } + self.programs.values + self.pages.map(\.number)
    }

    func encoded() -> [UInt8] {
        var writer = WireWriter(reserving: 16 << 10)
        writer.write(Self.magic)
        writer.write(SharedFormats.supervisorState)
        writer.write(self.folder)
        writer.write(optional: self.configuration) { $0.write($1) }
        writer.write(self.null)
        writer.write(self.standardError)
        writer.write(optional: self.logFile) { $0.write($1) }
        writer.write(self.environment)
        writer.write(list: self.children) {
            $1.seat.write(to: &$0)
            $0.write($1.pid)
            $0.write($1.process)
            $0.write($1.line)
        }
        writer.write(list: self.listeners) {
            $0.write($1.number)
            $0.write(optional: $1.path) { $0.write($1) }
            $0.write(optional: $1.tls) {
                $0.write($1.certificate)
                $0.write($1.key)
            }
        }
        writer.write(list: self.snapshots) { $0.write($1) }
        writer.write(self.instanceFile)
        writer.write(list: self.programs.sorted { $0.key.rawValue < $1.key.rawValue }) {
            $0.write($1.key.rawValue)
            $0.write($1.value)
        }
        writer.write(list: self.pages) {
            $0.write($1.role.rawValue)
            $0.write($1.slot)
            $0.write($1.number)
            $0.write(optional: $1.holder) { $1.write(to: &$0) }
        }
        writer.write(self.machine)
        return writer.bytes
    }

    /// Nil for anything that a program with another format has written.
    init?(decoding bytes: [UInt8]) {
        let state = try? WireReader.decode(bytes) { (reader) throws(WireReader.Malformed) -> SupervisorState in
            guard try reader.readBytes(limit: 64) == Self.magic,
                try reader.read(UInt32.self) == SharedFormats.supervisorState
            else { throw WireReader.Malformed() }
            return try SupervisorState(from: &reader)
        }
        guard let state else { return nil }
        self = state
    }

    private init(from reader: inout WireReader) throws(WireReader.Malformed) {
        self.folder = try reader.readString(limit: 4096)
        self.configuration = try reader.readOptional { (reader) throws(WireReader.Malformed) in
            try reader.readString(limit: 4096)
        }
        self.null = try reader.read()
        self.standardError = try reader.read()
        self.logFile = try reader.readOptional { (reader) throws(WireReader.Malformed) in
            try reader.readString(limit: 4096)
        }
        self.environment = try reader.read()
        self.children = try reader.readList(minimumSize: 19) { (reader) throws(WireReader.Malformed) in
            let seat = try Seat(from: &reader)
            let pid: Int32 = try reader.read()
            let process: Int32 = try reader.read()
            return Child(seat: seat, pid: pid, process: process, line: try reader.read())
        }
        self.listeners = try reader.readList(minimumSize: 5) { (reader) throws(WireReader.Malformed) in
            let number: Int32 = try reader.read()
            let path = try reader.readOptional { (reader) throws(WireReader.Malformed) in
                try reader.readString(limit: 4096)
            }
            let tls = try reader.readOptional { (reader) throws(WireReader.Malformed) in
                let certificate: Int32 = try reader.read()
                return Socket.Files(certificate: certificate, key: try reader.read())
            }
            return Socket(number: number, path: path, tls: tls)
        }
        self.snapshots = try reader.readList(minimumSize: 4) { (reader) throws(WireReader.Malformed) in
            try reader.read(Int32.self)
        }
        self.instanceFile = try reader.read()
        let programs = try reader.readList(minimumSize: 5) { (reader) throws(WireReader.Malformed) in
            guard let role = Role(rawValue: try reader.read()) else { throw WireReader.Malformed() }
            return (role, try reader.read(Int32.self))
        }
        self.programs = [:]
        for (role, number) in programs { self.programs[role] = number }
        self.pages = try reader.readList(minimumSize: 8) { (reader) throws(WireReader.Malformed) in
            guard let role = Role(rawValue: try reader.read()) else { throw WireReader.Malformed() }
            let slot: UInt16 = try reader.read()
            let number: Int32 = try reader.read()
            let holder = try reader.readOptional { (reader) throws(WireReader.Malformed) in try Seat(from: &reader) }
            return MetricPages.Entry(role: role, slot: slot, number: number, holder: holder)
        }
        self.machine = try reader.readBytes(limit: Self.limit)
        guard self.descriptors.allSatisfy({ $0 > 2 }), Set(self.descriptors).count == self.descriptors.count,
            self.children.allSatisfy({ $0.pid > 0 })
        else { throw WireReader.Malformed() }
    }

    init(
        folder: String, configuration: String?, null: Int32, standardError: Int32, logFile: String?,
        environment: Int32, children: [Child],
        listeners: [Socket], snapshots: [Int32], instanceFile: Int32, programs: [Role: Int32],
        pages: [MetricPages.Entry],
        machine: [UInt8]
    ) {
        self.folder = folder
        self.configuration = configuration
        self.null = null
        self.standardError = standardError
        self.logFile = logFile
        self.environment = environment
        self.children = children
        self.listeners = listeners
        self.snapshots = snapshots
        self.instanceFile = instanceFile
        self.programs = programs
        self.pages = pages
        self.machine = machine
    }
}
