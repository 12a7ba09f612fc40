/// The 16 bytes before each payload: `u32 length | u8 type | u8 flags | u16 reserved | u64 stream`, big-endian.
public struct FrameHeader: Hashable, Sendable {
    /// Set on the last BODY frame of a request; no other type has flags.
    public static let lastFlag: UInt8 = 1

    /// Bytes of the payload, without this header.
    public var length: UInt32
    public var type: FrameType
    public var flags: UInt8
    /// The request stream, 0 for frames about the link itself.
    public var stream: UInt64

    public init(type: FrameType, flags: UInt8 = 0, stream: UInt64, length: UInt32) {
        self.length = length
        self.type = type
        self.flags = flags
        self.stream = stream
    }

    /// The header at the start of `bytes`, nil while fewer than 16 bytes are there. Throws before anything of the payload
    /// need be buffered: on an unknown or unaccepted type, a length beyond the type's bound, or bits in use that mean nothing.
    public init?(_ bytes: UnsafeRawBufferPointer, accepting accepted: FrameTypeSet) throws(FrameError) {
        guard bytes.count >= WireLimits.header else { return nil }
        let first = unsafe UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self))
        let stream = unsafe UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self))
        let length = UInt32(truncatingIfNeeded: first >> 32)
        let rawType = UInt8(truncatingIfNeeded: first >> 24)
        guard let type = FrameType(rawValue: rawType) else { throw .unknownType(rawType) }
        guard accepted.contains(type) else { throw .unexpectedType(type) }
        let flags = UInt8(truncatingIfNeeded: first >> 16)
        guard first & 0xFFFF == 0, flags == 0 || (type == .body && flags == Self.lastFlag) else { throw .reservedBits }
        guard length <= type.maximumLength else { throw .tooLong(type, length) }
        self.init(type: type, flags: flags, stream: stream, length: length)
    }

    /// The first and second half of the header in host order, for writers of big-endian integers.
    public var words: (UInt64, UInt64) {
        (UInt64(self.length) << 32 | UInt64(self.type.rawValue) << 24 | UInt64(self.flags) << 16, self.stream)
    }

    /// Appends the 16 bytes.
    public func append(to bytes: inout [UInt8]) {
        let words = self.words
        unsafe withUnsafeBytes(of: (words.0.bigEndian, words.1.bigEndian)) { unsafe bytes.append(contentsOf: $0) }
    }
}
