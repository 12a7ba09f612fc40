import Domain
import NIOCore
import NIOHTTP1

extension HTTPConnection {
    /// Makes a channel speak HTTP: the gate, NIO's decoder with the limits in force, and the connection.
    /// `isSecure`: TLS is in the pipeline already.
    static func install(
        in pipeline: ChannelPipeline.SynchronousOperations, core: EdgeCore, isSecure: Bool = false,
        listener: OpenListener? = nil
    ) throws {
        let limits = core.settings.limits
        var configuration = NIOHTTPDecoderLimitConfiguration()
        // The decoder counts the request line among the headers; the exact limits are checked once the head is there.
        let most = Int(limits.maxHeaders) + Int(limits.maxRequestLine)
        configuration.maxHeaderFieldSize = most
        configuration.maxHeaderListSize = most
        configuration.maxHeaderFieldCount = Int(limits.maxHeaderCount)
        let gate = InputGate(limit: Int(limits.maxRequestLine))
        try pipeline.addHandler(gate)
        try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder(limitConfiguration: configuration)))
        try pipeline.addHandler(HTTPConnection(core: core, gate: gate, isSecure: isSecure, listener: listener))
    }
}
