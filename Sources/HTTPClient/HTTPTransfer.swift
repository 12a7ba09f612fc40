/// One request and its reply. Made by `HTTPClient.start`; good for one use. Lives on the client's loop.
public final class HTTPTransfer {
    enum State {
        /// Waits for a connection of its limit.
        case queued
        /// Starts at the end of the loop's turn.
        case starting
        /// libcurl works on it, or it is on a connection of ours.
        case running
        case over
    }

    private let sockets: SocketTable
    let target: HTTPTarget
    let body: HTTPBody
    let uniqueHeader: [UInt8]
    let headers: [[UInt8]]
    let needsNewConnection: Bool
    var state = State.queued
    /// While libcurl works on it.
    var handle: EasyHandle?
    /// While it is on a connection of ours.
    var connection: HTTPConnection?
    /// Its place in the limit's queue; -1 while it is not in it.
    var queuePlace = -1
    /// Where the reply sends whoever asked, as a whole URL, once the transfer has ended well; known for targets only that may
    /// not be found everywhere, or that ask for it.
    public internal(set) var redirection: String?
    /// nil once cancelled: nothing is called any more.
    private(set) var delegate: (any HTTPTransferDelegate)?

    init(
        client: HTTPClient, target: HTTPTarget, body: HTTPBody, uniqueHeader: [UInt8], headers: [[UInt8]],
        needsNewConnection: Bool, delegate: any HTTPTransferDelegate
    ) {
        self.sockets = client.sockets
        self.target = target
        self.body = body
        self.uniqueHeader = uniqueHeader
        self.headers = headers
        self.needsNewConnection = needsNewConnection
        self.delegate = delegate
    }

    var client: HTTPClient? { self.sockets.client }

    /// Whether any byte of the request may have reached the server.
    public var sentAny: Bool { self.connection?.sentAny ?? self.handle?.sentAny ?? false }

    /// Ends the transfer: the connection is closed and the delegate hears nothing more. Harmless when it is over.
    public func cancel() {
        guard self.state != .over else { return }
        self.delegate = nil
        if self.state == .queued { self.target.limit.withdraw(self) }
        guard let client = self.client else { return self.end(nil) }
        client.cancelled(self)
    }

    /// Goes on after the delegate asked for a pause. Pieces may be delivered from within this call.
    public func resume() {
        guard self.state == .running, let client = self.client else { return }
        if let connection = self.connection { return connection.resume() }
        self.handle?.resume(on: client)
    }

    /// Marks the end and tells the delegate, once.
    func end(_ error: HTTPClientError?) {
        self.state = .over
        self.handle = nil
        self.connection = nil
        let delegate = self.delegate
        self.delegate = nil
        delegate?.finished(error)
    }

    /// The client is going away: nobody is told.
    func abandon() {
        self.state = .over
        self.handle = nil
        self.connection = nil
        self.delegate = nil
    }
}
