import Domain
import NIOCore
import NIOHTTP2

extension HTTP2Connection {
    /// Requests a client may have running at once on a connection.
    static let streamLimit = 100
    /// Bytes of a request's body that a client may send ahead, by stream and by connection.
    private static let streamWindow = 128 << 10
    private static let connectionWindow = 1 << 20
    /// Frames of the connection itself that may wait for a client that does not read.
    private static let controlFrameLimit = 1000
    /// What HTTP/2 counts for a field besides its bytes.
    private static let fieldOverhead = 32
    private static let frameSize = 16 << 10

    /// Makes a channel speak HTTP/2: NIO's handlers with the limits in force, and the connection.
    static func install(in channel: any Channel, core: EdgeCore, listener: OpenListener? = nil) throws {
        let pipeline = channel.pipeline.syncOperations
        let limits = core.settings.limits
        let gate = HTTP2Gate(flusher: core.flusher, now: { core.now })
        let connection = HTTP2Connection(core: core, gate: gate, listener: listener)
        let maximumFields = Int(limits.maxHeaderCount)
        let shared = NIOLoopBound(connection, eventLoop: channel.eventLoop)
        let manager = NIOHTTP2ServerConnectionManagementHandler(
            eventLoop: channel.eventLoop,
            configuration: .init(maxIdleTime: nil, maxAge: nil, maxGraceTime: nil, keepalive: nil))
        try pipeline.addHandler(gate)
        try pipeline.addHandler(
            NIOHTTP2Handler(
                mode: .server, eventLoop: channel.eventLoop,
                connectionConfiguration: HTTP2Connection.configuration(limits),
                streamConfiguration: HTTP2Connection.streamConfiguration,
                streamDelegate: manager.http2StreamDelegate
            ) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let stream = HTTP2Stream(connection: shared.value, maximumFields: maximumFields)
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(stream)
                    try pipeline.addHandler(
                        HTTPConnection(
                            core: shared.value.core, gate: InputGate(limit: .max), stream: stream,
                            listener: shared.value.listener))
                }
            })
        try pipeline.addHandler(manager)
        try pipeline.addHandler(connection)
    }

    /// A block of headers may be as large as `limits` allow, so that what is too large gets a reply that says so; one beyond
    /// that ends the connection, as do floods of frames that cost much and bring nothing.
    private static func configuration(_ limits: HTTPLimits) -> NIOHTTP2Handler.ConnectionConfiguration {
        let fields = (Int(limits.maxHeaderCount) + 16) * self.fieldOverhead
        let most = 2 * (Int(limits.maxHeaders) + Int(limits.maxRequestLine)) + fields
        var configuration = NIOHTTP2Handler.ConnectionConfiguration()
        configuration.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: self.streamLimit),
            HTTP2Setting(parameter: .maxHeaderListSize, value: most),
            HTTP2Setting(parameter: .initialWindowSize, value: self.streamWindow),
        ]
        configuration.targetWindowSize = self.connectionWindow
        configuration.maximumBufferedControlFrames = self.controlFrameLimit
        configuration.maximumSequentialContinuationFrames = most / self.frameSize + 1
        return configuration
    }

    private static var streamConfiguration: NIOHTTP2Handler.StreamConfiguration {
        var configuration = NIOHTTP2Handler.StreamConfiguration()
        configuration.targetWindowSize = self.streamWindow
        configuration.outboundBufferSizeHighWatermark = 16 << 10
        configuration.outboundBufferSizeLowWatermark = 4 << 10
        return configuration
    }
}
