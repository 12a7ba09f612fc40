import Domain

extension TreeReport {
    public init(from reader: inout WireReader) throws(WireReader.Malformed) {
        guard let state = State(rawValue: try reader.read()) else { throw WireReader.Malformed() }
        self.state = state
        self.pid = try reader.read()
        self.build = try reader.readBytes(limit: 256)
        self.age = try reader.read()
        self.version = try reader.read()
        self.listeners = try reader.readList(minimumSize: 4) { (reader) throws(WireReader.Malformed) in
            try reader.readString(limit: 256)
        }
        self.quarantined = try reader.read()
        self.processes = try reader.readList(minimumSize: 46) { (reader) throws(WireReader.Malformed) in
            try Process(from: &reader)
        }
        self.operations = try reader.readList(minimumSize: 22) { (reader) throws(WireReader.Malformed) in
            try Operation(from: &reader)
        }
    }

    public func write(to writer: inout WireWriter) {
        writer.write(self.state.rawValue)
        writer.write(self.pid)
        writer.write(self.build)
        writer.write(self.age)
        writer.write(self.version)
        writer.write(list: self.listeners) { $0.write($1) }
        writer.write(self.quarantined)
        writer.write(list: self.processes) { $1.write(to: &$0) }
        writer.write(list: self.operations) { $1.write(to: &$0) }
    }
}

extension TreeReport.Process {
    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        guard let role = Role(rawValue: try reader.read()) else { throw WireReader.Malformed() }
        self.role = role
        self.index = try reader.read()
        self.generation = try reader.read()
        self.instance = try reader.read()
        self.pid = try reader.read()
        guard let state = TreeReport.ProcessState(rawValue: try reader.read()) else { throw WireReader.Malformed() }
        self.state = state
        self.age = try reader.read()
        self.restarts = try reader.read()
        self.activeRequests = try reader.read()
        self.version = try reader.read()
        self.missing = Hardening(rawValue: try reader.read())
    }

    func write(to writer: inout WireWriter) {
        writer.write(self.role.rawValue)
        writer.write(self.index)
        writer.write(self.generation)
        writer.write(self.instance)
        writer.write(self.pid)
        writer.write(self.state.rawValue)
        writer.write(self.age)
        writer.write(self.restarts)
        writer.write(self.activeRequests)
        writer.write(self.version)
        writer.write(self.missing.rawValue)
    }
}

extension TreeReport.Operation {
    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        self.token = try reader.read()
        guard let kind = OrderKind(rawValue: try reader.read()), let state = State(rawValue: try reader.read()) else {
            throw WireReader.Malformed()
        }
        self.kind = kind
        self.state = state
        // Cutting may have put a replacement character (3 bytes) at the end.
        self.message = try reader.readString(limit: TreeReport.longestMessage + 2)
        self.age = try reader.read()
    }

    func write(to writer: inout WireWriter) {
        writer.write(self.token)
        writer.write(self.kind.rawValue)
        writer.write(self.state.rawValue)
        writer.write(self.message)
        writer.write(self.age)
    }
}
