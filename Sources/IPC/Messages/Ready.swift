/// A child is able to work; from the supervisor to control: the whole tree is.
public struct Ready: Hashable, WireMessage {
    public static let frameType = FrameType.ready

    public init() {}
    public init(from reader: inout WireReader) throws(WireReader.Malformed) {}
    public func write(to writer: inout WireWriter) {}
}
