public import Domain

/// What an upstream needs to call a provider for one request. The body lies in the link's area, or follows in BODY frames.
public struct ProviderRequest: Hashable, Sendable {
    /// One target of the plan, and what has to be edited in the client's body for it.
    public struct Call: Hashable, Sendable {
        public var target: Target
        public var splices: [BodySplice]
        /// Tokens of output the model can produce, where that is known: for a provider that has to be told a number.
        public var maximumOutput: UInt32?

        public init(target: Target, splices: [BodySplice], maximumOutput: UInt32? = nil) {
            self.target = target
            self.splices = splices
            self.maximumOutput = maximumOutput
        }
    }

    /// What identical requests have in common: the first half of a SHA-256 of everything that makes them identical.
    public struct SharedName: Hashable, Sendable {
        public var high: UInt64
        public var low: UInt64
        /// Each of those who share a call pays as if it were its own.
        public var eachPays: Bool

        public init(high: UInt64, low: UInt64, eachPays: Bool) {
            self.high = high
            self.low = low
            self.eachPays = eachPays
        }
    }

    public var record: RecordID
    public var endpoint: Endpoint
    /// The client asked for a stream.
    public var isStream: Bool
    /// Sluice asked for the usage chunk, not the client: it is taken out of the reply.
    public var askedForUsage: Bool
    /// The client's own `anthropic-version` and `anthropic-beta`, printable ASCII; empty where it sent none.
    public var anthropicVersion: [UInt8]
    public var anthropicBeta: [UInt8]
    /// Bytes of the client's body.
    public var bodyLength: UInt64
    /// Where the body lies in the link's area, and stays until END; nil when it follows in BODY frames.
    public var bodyOffset: UInt64?
    /// The snapshot whose provider numbers the targets use.
    public var snapshot: UInt64
    /// How the calls are tried: index into the snapshot's policies.
    public var policy: UInt16
    /// Who has a share of its own where requests wait for a provider, and how large it is against the others'.
    public var project: EntityID
    public var weight: UInt16
    /// Requests of one name may share a provider call; nil: this one shares none.
    public var sharedName: SharedName?
    /// In the order they are tried; at least one.
    public var calls: [Call]
    /// Most targets of one request.
    public static let maximumCalls = 64
    /// Test builds only: seconds to block the upstream's loop, or `crashForTest`. 0 in every other case.
    public var blockForTest: UInt8
    /// Test builds only: the upstream is to crash when it is about to call the provider.
    public static let crashForTest: UInt8 = 255

    public init(
        record: RecordID, endpoint: Endpoint, isStream: Bool, askedForUsage: Bool, anthropicVersion: [UInt8] = [],
        anthropicBeta: [UInt8] = [], bodyLength: UInt64, bodyOffset: UInt64? = nil, snapshot: UInt64,
        policy: UInt16 = 0, project: EntityID = .standard, weight: UInt16 = 1, sharedName: SharedName? = nil,
        calls: [Call], blockForTest: UInt8 = 0
    ) {
        self.record = record
        self.endpoint = endpoint
        self.isStream = isStream
        self.askedForUsage = askedForUsage
        self.anthropicVersion = anthropicVersion
        self.anthropicBeta = anthropicBeta
        self.bodyLength = bodyLength
        self.bodyOffset = bodyOffset
        self.snapshot = snapshot
        self.policy = policy
        self.project = project
        self.weight = weight
        self.sharedName = sharedName
        self.calls = calls
        self.blockForTest = blockForTest
    }

    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        let high: UInt64 = try reader.read()
        self.record = RecordID(high: high, low: try reader.read())
        guard let endpoint = Endpoint(rawValue: try reader.read()) else { throw WireReader.Malformed() }
        self.endpoint = endpoint
        self.isStream = try reader.readBool()
        self.askedForUsage = try reader.readBool()
        self.anthropicVersion = try reader.readHeaderValue()
        self.anthropicBeta = try reader.readHeaderValue()
        self.bodyLength = try reader.read()
        self.bodyOffset = try reader.readOptional { (reader) throws(WireReader.Malformed) in try reader.read() }
        self.snapshot = try reader.read()
        self.policy = try reader.read()
        let projectHigh: UInt64 = try reader.read()
        self.project = EntityID(high: projectHigh, low: try reader.read())
        self.weight = max(1, try reader.read())
        self.sharedName = try reader.readOptional { (reader) throws(WireReader.Malformed) in
            let high: UInt64 = try reader.read()
            return SharedName(high: high, low: try reader.read(), eachPays: try reader.readBool())
        }
        self.blockForTest = try reader.read()
        self.calls = try reader.readList(minimumSize: 12) { (reader) throws(WireReader.Malformed) in
            let provider: UInt16 = try reader.read()
            let model = try reader.readBytes(limit: 1024)
            let price = try reader.readOptional { (reader) throws(WireReader.Malformed) in try reader.read(UInt32.self)
            }
            let splices = try reader.readList(minimumSize: 20) { (reader) throws(WireReader.Malformed) in
                guard let offset = Int(exactly: try reader.read(UInt64.self)),
                    let removed = Int(exactly: try reader.read(UInt64.self))
                else { throw WireReader.Malformed() }
                return BodySplice(offset: offset, removed: removed, replacement: try reader.readBytes())
            }
            let maximumOutput = try reader.readOptional { (reader) throws(WireReader.Malformed) in
                try reader.read(UInt32.self)
            }
            return Call(
                target: Target(provider: provider, model: model, price: price), splices: splices,
                maximumOutput: maximumOutput)
        }
        guard !self.calls.isEmpty, self.calls.count <= Self.maximumCalls else { throw WireReader.Malformed() }
    }

    func write(to writer: inout WireWriter) {
        writer.write(self.record.high)
        writer.write(self.record.low)
        writer.write(self.endpoint.rawValue)
        writer.write(self.isStream)
        writer.write(self.askedForUsage)
        writer.write(self.anthropicVersion)
        writer.write(self.anthropicBeta)
        writer.write(self.bodyLength)
        writer.write(optional: self.bodyOffset) { $0.write($1) }
        writer.write(self.snapshot)
        writer.write(self.policy)
        writer.write(self.project.high)
        writer.write(self.project.low)
        writer.write(self.weight)
        writer.write(optional: self.sharedName) {
            $0.write($1.high)
            $0.write($1.low)
            $0.write($1.eachPays)
        }
        writer.write(self.blockForTest)
        writer.write(list: self.calls) { writer, call in
            writer.write(call.target.provider)
            writer.write(call.target.model)
            writer.write(optional: call.target.price) { $0.write($1) }
            writer.write(list: call.splices) {
                $0.write(UInt64(clamping: $1.offset))
                $0.write(UInt64(clamping: $1.removed))
                $0.write($1.replacement)
            }
            writer.write(optional: call.maximumOutput) { $0.write($1) }
        }
    }
}
