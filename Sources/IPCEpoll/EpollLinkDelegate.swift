public import IPC

/// Gets what happens on an `EpollLink`, on the link's loop.
public protocol EpollLinkDelegate: AnyObject {
    /// The peer has introduced itself.
    func linkOpened(_ link: EpollLink)
    /// A whole frame, other than HELLO and link credit. `payload` is valid during the call only.
    func link(_ link: EpollLink, received header: FrameHeader, payload: UnsafeRawBufferPointer)
    /// What waited because the peer did not read has its place in the link's window: the link is congested no more.
    func linkRelieved(_ link: EpollLink)
    /// The link is closed and will report nothing more; `error` says how the peer broke the protocol, nil when it went.
    func linkEnded(_ link: EpollLink, error: FrameError?)
}

extension EpollLinkDelegate {
    public func linkRelieved(_ link: EpollLink) {}
}
