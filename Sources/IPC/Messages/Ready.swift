public import Domain

/// From a child: it is able to work, and what of its hardening this machine did not allow.
///
/// From the supervisor to control: the whole tree is able to work. To any child that was started on stand-by beside an
/// older generation: its time has come (edges accept, the aggregator takes over the usage database, control opens the
/// operators' socket); `missing` is empty then.
public struct Ready: Hashable, WireMessage {
    public static let frameType = FrameType.ready

    public var missing: Hardening

    public init(missing: Hardening = []) {
        self.missing = missing
    }

    public init(from reader: inout WireReader) throws(WireReader.Malformed) {
        self.missing = Hardening(rawValue: try reader.read())
    }

    public func write(to writer: inout WireWriter) {
        writer.write(self.missing.rawValue)
    }
}
