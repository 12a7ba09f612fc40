public import IPC
public import NIOCore

/// Who uses a link: gets its frames, on the link's event loop. The link holds it until the link has ended.
public protocol LinkDelegate: AnyObject {
    /// The peer has introduced itself and is who it should be.
    func linkOpened(_ link: LinkHandler)

    /// A whole frame. `payload` shares memory with what was read: it is to be used or copied soon, a small one that is
    /// kept would keep a large block. An error thrown here closes the link as one in the framing does.
    func link(_ link: LinkHandler, received header: FrameHeader, payload: ByteBuffer) throws(FrameError)

    /// The link has ended; nothing comes after this and nothing more can be sent. Called exactly once.
    func linkEnded(_ link: LinkHandler, _ end: LinkEnd)
}

/// How a link came to its end.
public enum LinkEnd: Hashable, Sendable {
    /// The peer closed it, or this side did.
    case closed
    /// The peer broke the protocol.
    case violation(FrameError)
    /// The socket failed; the system's words.
    case failed(String)
}
