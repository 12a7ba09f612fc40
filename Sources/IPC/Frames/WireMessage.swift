/// A payload with fields. `init` must accept any bytes without trapping.
public protocol WireMessage: Sendable {
    static var frameType: FrameType { get }
    init(from reader: inout WireReader) throws(WireReader.Malformed)
    func write(to writer: inout WireWriter)
}

extension WireMessage {
    /// Reads the whole payload.
    public init(payload: UnsafeRawBufferPointer) throws(FrameError) {
        do {
            var reader = unsafe WireReader(payload)
            try self.init(from: &reader)
            try reader.finish()
        } catch {
            throw .malformed(Self.frameType)
        }
    }

    /// The whole frame, header included.
    public func frame(stream: UInt64 = 0, flags: UInt8 = 0) -> [UInt8] {
        var writer = WireWriter(reserving: 128)
        self.write(to: &writer)
        var frame: [UInt8] = []
        frame.reserveCapacity(WireLimits.header + writer.bytes.count)
        FrameHeader(type: Self.frameType, flags: flags, stream: stream, length: UInt32(clamping: writer.bytes.count))
            .append(to: &frame)
        frame.append(contentsOf: writer.bytes)
        return frame
    }
}
