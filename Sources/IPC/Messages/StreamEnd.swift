public import Domain

/// Ends a request stream from the server's side: nothing follows. The reply is whole only if `failure` is nil.
public struct StreamEnd: Hashable, WireMessage {
    public static let frameType = FrameType.end

    /// Why the reply is not whole. Before a RESPONSE_HEAD it becomes the client's error body; after it, an SSE error event
    /// or a reply that ends short of its length.
    public var failure: GatewayError?
    /// The tokens of all attempts together, as far as any are known; `attempts` says of each where they come from.
    public var usage: TokenUsage?
    public var finish: FinishReason
    /// In the order they were made.
    public var attempts: [AttemptReport]
    /// Set where the reply is that of another request's call: what each of those who share it pays, and where the numbers of
    /// `usage` come from. `attempts` is empty then.
    public var shared: SharedCost?
    /// How it came to that, at most `TrailStep.maximumCount` steps; empty where the first call answered.
    public var trail: [TrailStep]

    /// What a request pays that shares another one's call.
    public struct SharedCost: Hashable, Sendable {
        public var usageSource: UsageSource
        /// Nano-USD; nil where the price is unknown. 0 where only the one whose call it is pays.
        public var cost: Int64?

        public init(usageSource: UsageSource, cost: Int64?) {
            self.usageSource = usageSource
            self.cost = cost
        }
    }

    public init(
        failure: GatewayError? = nil, usage: TokenUsage? = nil, finish: FinishReason = .none,
        attempts: [AttemptReport] = [], shared: SharedCost? = nil, trail: [TrailStep] = []
    ) {
        self.failure = failure
        self.usage = usage
        self.finish = finish
        self.attempts = attempts
        self.shared = shared
        self.trail = trail
    }

    public init(from reader: inout WireReader) throws(WireReader.Malformed) {
        self.failure = try reader.readOptional { (reader) throws(WireReader.Malformed) in
            try GatewayError(from: &reader)
        }
        self.usage = try reader.readOptional { (reader) throws(WireReader.Malformed) in
            try TokenUsage(from: &reader)
        }
        guard let finish = FinishReason(rawValue: try reader.read()) else { throw WireReader.Malformed() }
        self.finish = finish
        self.attempts = try reader.readList(minimumSize: 27) { (reader) throws(WireReader.Malformed) in
            try AttemptReport(from: &reader)
        }
        self.shared = try reader.readOptional { (reader) throws(WireReader.Malformed) in
            guard let source = UsageSource(rawValue: try reader.read()) else { throw WireReader.Malformed() }
            let cost = try reader.readOptional { (reader) throws(WireReader.Malformed) in try reader.read(Int64.self) }
            return SharedCost(usageSource: source, cost: cost)
        }
        self.trail = try reader.readList(minimumSize: 10) { (reader) throws(WireReader.Malformed) in
            guard let kind = TrailStep.Kind(rawValue: try reader.read()) else { throw WireReader.Malformed() }
            let call: UInt8 = try reader.read()
            let detail: UInt32 = try reader.read()
            return TrailStep(kind, call: call, detail: detail, at: try reader.read())
        }
        guard self.trail.count <= TrailStep.maximumCount else { throw WireReader.Malformed() }
    }

    public func write(to writer: inout WireWriter) {
        writer.write(optional: self.failure) { $1.write(to: &$0) }
        writer.write(optional: self.usage) {
            $1.write(to: &$0)
        }
        writer.write(self.finish.rawValue)
        writer.write(list: self.attempts) { $1.write(to: &$0) }
        writer.write(optional: self.shared) { writer, shared in
            writer.write(shared.usageSource.rawValue)
            writer.write(optional: shared.cost) { $0.write($1) }
        }
        writer.write(list: self.trail) {
            $0.write($1.kind.rawValue)
            $0.write($1.call)
            $0.write($1.detail)
            $0.write($1.at)
        }
    }
}

extension GatewayError {
    /// Bytes of the message, and of each name, that cross a link: providers' words may be longer, and are cut.
    private static let maximumMessage = 16 << 10
    private static let maximumName = 256

    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        let code = try reader.readString(limit: Self.maximumName)
        let type = try reader.readString(limit: Self.maximumName)
        let status: UInt16 = try reader.read()
        guard (400...599).contains(status), let source = Source(rawValue: try reader.read()),
            let retry = Retry(rawValue: try reader.read())
        else { throw WireReader.Malformed() }
        let message = try reader.readString(limit: Self.maximumMessage)
        let param = try reader.readOptional { (reader) throws(WireReader.Malformed) in
            try reader.readString(limit: Self.maximumName)
        }
        let retryAfter = try reader.readOptional { (reader) throws(WireReader.Malformed) in
            try reader.read(UInt32.self)
        }
        self.init(
            code: code, type: type, status: status, source: source, retry: retry, message: message, param: param,
            retryAfter: retryAfter)
    }

    func write(to writer: inout WireWriter) {
        writer.write(Self.fitting(self.code, Self.maximumName))
        writer.write(Self.fitting(self.type, Self.maximumName))
        writer.write(min(max(400, self.status), 599))
        writer.write(self.source.rawValue)
        writer.write(self.retry.rawValue)
        writer.write(Self.fitting(self.message, Self.maximumMessage))
        writer.write(optional: self.param) { $0.write(Self.fitting($1, Self.maximumName)) }
        writer.write(optional: self.retryAfter) { $0.write($1) }
    }

    /// At most that many bytes of the text, in whole characters.
    private static func fitting(_ text: String, _ limit: Int) -> String {
        guard text.utf8.count > limit else { return text }
        var end = text.utf8.index(text.startIndex, offsetBy: limit)
        while end > text.startIndex, text.utf8[end] & 0xC0 == 0x80 { end = text.utf8.index(before: end) }
        return String(text[..<end])
    }
}
