public import Domain

/// The rules of one link, without any I/O: HELLO comes first and only once, from the announced peer; data stays within
/// the link's windows.
///
/// It belongs to the shell that owns the socket (`IPCNIO.LinkHandler` or `IPCEpoll.EpollLink`), which reads frames, asks
/// this machine what each one means, and closes the link when it throws. Streams and their windows belong to the shell's
/// user.
public struct LinkMachine: Sendable {
    /// What to do with a frame.
    public enum Action: Hashable, Sendable {
        /// The peer has introduced itself: the link is open.
        case opened
        /// More may be sent on the link.
        case linkCredited
        /// Hand the frame to the link's user; return this much link credit first.
        case deliver(returnCredit: UInt32?)
        /// Drop the frame: a CANCEL that came before its REQUEST.
        case ignore
        /// Hand the REQUEST to the link's user and then its CANCEL, which came before.
        case deliverCancelled
    }

    private let hello: Hello
    private let peerRole: Role
    private let peerInstance: UInt32
    public let accepted: FrameTypeSet
    public private(set) var isOpen = false
    private var sending = SendWindow(size: WireLimits.linkWindow)
    private var receiving = ReceiveWindow(size: WireLimits.linkWindow)
    /// CANCEL is urgent, so it may overtake the REQUEST it means. Streams are numbered upwards: one that is cancelled
    /// above the highest number seen has yet to begin, and is cancelled when it does: it has an end like any other.
    private var highestStream: UInt64 = 0
    private var cancelledAhead: Set<UInt64> = []
    private static let maximumCancelledAhead = 65_536

    /// `hello` is what this side says of itself; the peer must be `peerRole` number `peerInstance` of the same build.
    public init(hello: Hello, peerRole: Role, peerInstance: UInt32, accepting accepted: FrameTypeSet) {
        self.hello = hello
        self.peerRole = peerRole
        self.peerInstance = peerInstance
        self.accepted = accepted
    }

    /// The first frame to send.
    public var greeting: [UInt8] { self.hello.frame() }

    /// A whole frame has arrived.
    public mutating func received(_ header: FrameHeader, _ payload: UnsafeRawBufferPointer) throws(FrameError) -> Action
    {
        guard self.isOpen else {
            guard header.type == .hello, header.stream == 0 else { throw .helloExpected }
            let peer = unsafe try Hello(payload: payload)
            guard peer.protocolVersion == self.hello.protocolVersion, peer.role == self.peerRole,
                peer.instance == self.peerInstance, peer.build == self.hello.build
            else { throw .wrongPeer }
            self.isOpen = true
            return .opened
        }
        switch header.type {
        case .hello:
            throw .helloExpected
        case .credit where header.stream == 0:
            try self.sending.credit(unsafe Credit(payload: payload).bytes)
            return .linkCredited
        case .request:
            guard header.stream > self.highestStream else { throw .malformed(.request) }
            self.highestStream = header.stream
            return self.cancelledAhead.remove(header.stream) == nil
                ? .deliver(returnCredit: nil) : .deliverCancelled
        case .cancel where header.stream > self.highestStream:
            guard self.cancelledAhead.count < LinkMachine.maximumCancelledAhead else { throw .windowExceeded }
            self.cancelledAhead.insert(header.stream)
            return .ignore
        case .attempt where header.stream == 0:
            throw .malformed(.attempt)
        case .grant where header.stream == 0 || header.stream > self.highestStream:
            // There is nothing yet that could have asked.
            throw .malformed(.grant)
        case .body, .chunk:
            try self.receiving.receive(payload.count)
            return .deliver(returnCredit: self.receiving.release(payload.count))
        default:
            return .deliver(returnCredit: nil)
        }
    }

    /// Takes link window for up to `wanted` bytes of data; returns how many may be sent now.
    public mutating func takeSendWindow(upTo wanted: Int) -> Int {
        self.sending.take(upTo: wanted)
    }

    /// Bytes of data the link still takes.
    public var sendWindow: Int { self.sending.available }
}
