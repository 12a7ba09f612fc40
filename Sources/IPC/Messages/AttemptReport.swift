public import Domain

/// One provider call, as the upstream saw it.
public struct AttemptReport: Hashable, Sendable {
    /// Which of the request's calls (targets) it was made for.
    public var call: UInt8
    /// Its number within the request, from 1: the provider knows it as `x-client-request-id: RECORD-number`.
    public var number: UInt8
    /// The provider's HTTP status, 0 when none came.
    public var status: UInt16
    public var billed: Billed
    /// Where `usage` comes from; `none` exactly where there is no usage.
    public var usageSource: UsageSource
    public var usage: TokenUsage?
    /// Nano-USD; nil where the price is unknown.
    public var cost: Int64?
    /// Microseconds from the start of the call to the first byte of content, 0 when none came.
    public var firstContent: UInt64
    /// Microseconds from the start of the call to its end.
    public var total: UInt64
    /// The error's code, empty for a reply that came whole.
    public var error: String

    public init(
        call: UInt8, number: UInt8 = 1, status: UInt16, billed: Billed = .unknown, usageSource: UsageSource = .none,
        usage: TokenUsage? = nil, cost: Int64? = nil, firstContent: UInt64, total: UInt64, error: String = ""
    ) {
        self.call = call
        self.number = number
        self.status = status
        self.billed = billed
        self.usageSource = usageSource
        self.usage = usage
        self.cost = cost
        self.firstContent = firstContent
        self.total = total
        self.error = error
    }

    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        self.call = try reader.read()
        self.number = try reader.read()
        self.status = try reader.read()
        guard let billed = Billed(rawValue: try reader.read()),
            let usageSource = UsageSource(rawValue: try reader.read())
        else { throw WireReader.Malformed() }
        self.billed = billed
        self.usageSource = usageSource
        self.usage = try reader.readOptional { (reader) throws(WireReader.Malformed) in try TokenUsage(from: &reader) }
        self.cost = try reader.readOptional { (reader) throws(WireReader.Malformed) in try reader.read(Int64.self) }
        self.firstContent = try reader.read()
        self.total = try reader.read()
        self.error = try reader.readString(limit: 256)
    }

    func write(to writer: inout WireWriter) {
        writer.write(self.call)
        writer.write(self.number)
        writer.write(self.status)
        writer.write(self.billed.rawValue)
        writer.write(self.usageSource.rawValue)
        writer.write(optional: self.usage) { $1.write(to: &$0) }
        writer.write(optional: self.cost) { $0.write($1) }
        writer.write(self.firstContent)
        writer.write(self.total)
        writer.write(self.error)
    }
}
