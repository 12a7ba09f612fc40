/// Goes with a descriptor of the log, which takes the place of the child's standard error.
public struct ReopenLogs: Hashable, WireMessage {
    public static let frameType = FrameType.reopenLogs

    public init() {}
    public init(from reader: inout WireReader) throws(WireReader.Malformed) {}
    public func write(to writer: inout WireWriter) {}
}
