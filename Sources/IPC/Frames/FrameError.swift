/// How a peer broke the framing. The link is closed and the reason logged; nothing of the peer's is trusted any more.
public enum FrameError: Error, Hashable, Sendable {
    case unknownType(UInt8)
    case unexpectedType(FrameType)
    case tooLong(FrameType, UInt32)
    /// The reserved bits are not 0, or a flag is set that the type does not have.
    case reservedBits
    /// The payload does not hold what its type says.
    case malformed(FrameType)
    /// The first frame was not HELLO, or a second HELLO came.
    case helloExpected
    /// The peer is another role, another instance or another build than was announced.
    case wrongPeer
    /// More data than the windows allow, or a credit that would overflow one.
    case windowExceeded
}
