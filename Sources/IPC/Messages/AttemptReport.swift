/// One provider call, as the upstream saw it.
public struct AttemptReport: Hashable, Sendable {
    /// Which of the request's calls it was.
    public var call: UInt8
    /// The provider's HTTP status, 0 when none came.
    public var status: UInt16
    /// Microseconds from the start of the call to the first byte of content, 0 when none came.
    public var firstContent: UInt64
    /// Microseconds from the start of the call to its end.
    public var total: UInt64
    /// The error's code, empty for a reply that came whole.
    public var error: String

    public init(call: UInt8, status: UInt16, firstContent: UInt64, total: UInt64, error: String = "") {
        self.call = call
        self.status = status
        self.firstContent = firstContent
        self.total = total
        self.error = error
    }

    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        self.call = try reader.read()
        self.status = try reader.read()
        self.firstContent = try reader.read()
        self.total = try reader.read()
        self.error = try reader.readString(limit: 256)
    }

    func write(to writer: inout WireWriter) {
        writer.write(self.call)
        writer.write(self.status)
        writer.write(self.firstContent)
        writer.write(self.total)
        writer.write(self.error)
    }
}
