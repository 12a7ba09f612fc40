internal import IPC
internal import Platform

/// One request stream of an `EdgeLink`: gets what the edge sends on it.
protocol EdgeStream: AnyObject {
    func receive(body payload: UnsafeRawBufferPointer, isLast: Bool) throws(FrameError)
    /// The body lies in the link's area, and stays there until END is sent.
    func receive(body: SharedBytes)
    func receive(credit bytes: UInt32) throws(FrameError)
    func receive(grant: Grant) throws(FrameError)
    /// The link is no longer congested.
    func linkRelieved()
    /// The client has gone.
    func cancel()
    /// The whole edge has gone, or nothing can be said to it any more.
    func linkLost()
    /// Ends it from this side.
    func fail(_ failure: ProviderFailure)
}
