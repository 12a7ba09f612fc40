import Domain
import IPC

// What the program that replaces this one goes on with. It is written when one generation is left and nothing is under way, so an
// upgrade has no state of its own here. A member more or less: raise `SharedFormats.supervisorState`.
extension SupervisorMachine {
    func write(to writer: inout WireWriter) {
        self.serving.write(to: &writer)
        writer.write(list: self.serving.seats) { writer, seat in
            (self.slots[seat] ?? ChildSlot()).write(to: &writer)
        }
        writer.write(self.isListening)
        self.poison.write(to: &writer)
        writer.write(self.nextBeat)
        self.crashes.write(to: &writer)
        writer.write(UInt64(clamping: self.quarantined))
        writer.write(self.wasEverReady)
        writer.write(optional: self.informedControl) { $0.write($1) }
        writer.write(self.lastGeneration)
        writer.write(self.startedAt)
        self.operations.write(to: &writer)
        writer.write(optional: self.upgradeOperation) { $0.write($1) }
        writer.write(self.reload.version)
        writer.write(self.isReloadWanted)
        writer.write(list: self.waitingReloads) { $0.write($1) }
        writer.write(self.maximumEdges)
        writer.write(self.unhardened.rawValue)
        writer.write(self.lastStatusLine)
        writer.write(list: self.formats.numbers) { $0.write($1) }
        writer.write(list: self.pastRestarts.sorted { $0.key.rawValue < $1.key.rawValue }) {
            $0.write($1.key.rawValue)
            $0.write($1.value)
        }
    }

    /// Goes on where `write` has stopped; `build` is this program's.
    init(
        from reader: inout WireReader, build: [UInt8], standbyLimit: UInt64 = 30_000
    ) throws(WireReader.Malformed) {
        self.init(build: build, standbyLimit: standbyLimit)
        self.serving = try Generation(from: &reader)
        let slots = try reader.readList(minimumSize: 8) { (reader) throws(WireReader.Malformed) in
            try ChildSlot(from: &reader)
        }
        guard slots.count == self.serving.seats.count else { throw WireReader.Malformed() }
        self.slots = [:]
        for (seat, slot) in zip(self.serving.seats, slots) { self.slots[seat] = slot }
        self.isListening = try reader.readBool()
        self.poison = try PoisonLedger(from: &reader)
        self.nextBeat = try reader.read()
        self.crashes = try CrashWindow(from: &reader)
        self.quarantined = Int(clamping: try reader.read(UInt64.self))
        self.wasEverReady = try reader.readBool()
        self.informedControl = try reader.readOptional { (reader) throws(WireReader.Malformed) in
            try reader.read(UInt32.self)
        }
        self.lastGeneration = try reader.read()
        self.startedAt = try reader.read()
        self.operations = try OperationList(from: &reader)
        self.upgradeOperation = try reader.readOptional { (reader) throws(WireReader.Malformed) in
            try reader.read(UInt32.self)
        }
        self.reload = ReloadMachine(after: try reader.read())
        self.isReloadWanted = try reader.readBool()
        self.waitingReloads = try reader.readList(minimumSize: 4) { (reader) throws(WireReader.Malformed) in
            try reader.read(UInt32.self)
        }
        self.maximumEdges = try reader.read()
        self.unhardened = Hardening(rawValue: try reader.read())
        self.lastStatusLine = try reader.readString(limit: 4096)
        self.formats = SharedFormats(
            numbers: try reader.readList(minimumSize: 4) { (reader) throws(WireReader.Malformed) in
                try reader.read(UInt32.self)
            })
        let restarts = try reader.readList(minimumSize: 9) { (reader) throws(WireReader.Malformed) in
            guard let role = Role(rawValue: try reader.read()) else { throw WireReader.Malformed() }
            return (role, try reader.read(UInt64.self))
        }
        for (role, count) in restarts { self.pastRestarts[role] = count }
    }
}

extension Generation {
    func write(to writer: inout WireWriter) {
        writer.write(self.number)
        writer.write(optional: self.build) { $0.write($1) }
        writer.write(optional: self.announcement) { $1.write(to: &$0) }
        writer.write(list: self.seats) { $1.write(to: &$0) }
    }

    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        self.init(number: try reader.read())
        self.build = try reader.readOptional { (reader) throws(WireReader.Malformed) in
            try reader.readBytes(limit: 256)
        }
        self.announcement = try reader.readOptional { (reader) throws(WireReader.Malformed) in
            try TopologyAnnouncement(from: &reader)
        }
        self.seats = try reader.readList(minimumSize: 7) { (reader) throws(WireReader.Malformed) in
            try Seat(from: &reader)
        }
    }
}

extension Seat {
    func write(to writer: inout WireWriter) {
        writer.write(self.role.rawValue)
        writer.write(self.index)
        writer.write(self.generation)
    }

    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        guard let role = Role(rawValue: try reader.read()) else { throw WireReader.Malformed() }
        let index: UInt16 = try reader.read()
        self.init(role: role, index: index, generation: try reader.read())
    }
}

extension ChildSlot {
    func write(to writer: inout WireWriter) {
        let (tag, time): (UInt8, UInt64) =
            switch self.state {
            case .vacant: (0, 0)
            case .waiting(let until): (1, until)
            case .handshaking: (2, 0)
            case .greeted: (3, 0)
            case .ready: (4, 0)
            case .draining: (5, 0)
            case .aborting(let killAt): (6, killAt)
            case .killed: (7, 0)
            case .gone: (8, 0)
            }
        writer.write(tag)
        writer.write(time)
        writer.write(self.instance)
        writer.write(self.wasEverReady)
        writer.write(self.restarts)
        writer.write(self.activeRequests)
        writer.write(self.version)
        writer.write(self.missing.rawValue)
        writer.write(self.throttle.next)
        writer.write(self.spawnedAt)
        writer.write(optional: self.readyAt) { $0.write($1) }
        writer.write(optional: self.lineEndedAt) { $0.write($1) }
        writer.write(self.beatsSent)
        writer.write(self.lastAnswered)
        writer.write(self.silentBeats)
    }

    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        self.init()
        let tag: UInt8 = try reader.read()
        let time: UInt64 = try reader.read()
        switch tag {
        case 0: self.state = .vacant
        case 1: self.state = .waiting(until: time)
        case 2: self.state = .handshaking
        case 3: self.state = .greeted
        case 4: self.state = .ready
        case 5: self.state = .draining
        case 6: self.state = .aborting(killAt: time)
        case 7: self.state = .killed
        case 8: self.state = .gone
        default: throw WireReader.Malformed()
        }
        self.instance = try reader.read()
        self.wasEverReady = try reader.readBool()
        self.restarts = try reader.read()
        self.activeRequests = try reader.read()
        self.version = try reader.read()
        self.missing = Hardening(rawValue: try reader.read())
        self.throttle.next = try reader.read()
        self.spawnedAt = try reader.read()
        self.readyAt = try Self.time(&reader)
        self.lineEndedAt = try Self.time(&reader)
        self.beatsSent = try reader.read()
        self.lastAnswered = try reader.read()
        self.silentBeats = try reader.read()
    }

    private static func time(_ reader: inout WireReader) throws(WireReader.Malformed) -> UInt64? {
        try reader.readOptional { (reader) throws(WireReader.Malformed) in try reader.read(UInt64.self) }
    }
}

extension CrashWindow {
    func write(to writer: inout WireWriter) {
        writer.write(list: self.times) { $0.write($1) }
        writer.write(self.isDegraded)
    }

    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        self.init()
        self.times = try reader.readList(minimumSize: 8) { (reader) throws(WireReader.Malformed) in
            try reader.read(UInt64.self)
        }
        self.isDegraded = try reader.readBool()
    }
}

extension PoisonLedger {
    func write(to writer: inout WireWriter) {
        writer.write(list: self.open) {
            $0.write($1.role.rawValue)
            $0.write($1.instance)
        }
        writer.write(list: self.suspects.sorted { $0.key < $1.key }) { writer, suspect in
            writer.write(suspect.key)
            writer.write(list: suspect.value.deaths) { $0.write($1) }
            writer.write(suspect.value.quarantinedUntil)
        }
    }

    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        self.init()
        self.open = try reader.readList(minimumSize: 5) { (reader) throws(WireReader.Malformed) in
            guard let role = Role(rawValue: try reader.read()) else { throw WireReader.Malformed() }
            return Death(role: role, instance: try reader.read())
        }
        let suspects = try reader.readList(minimumSize: 20) { (reader) throws(WireReader.Malformed) in
            let fingerprint: UInt64 = try reader.read()
            var suspect = Suspect(
                deaths: try reader.readList(minimumSize: 8) { (reader) throws(WireReader.Malformed) in
                    try reader.read(UInt64.self)
                })
            suspect.quarantinedUntil = try reader.read()
            return (fingerprint, suspect)
        }
        for (fingerprint, suspect) in suspects { self.suspects[fingerprint] = suspect }
    }
}
