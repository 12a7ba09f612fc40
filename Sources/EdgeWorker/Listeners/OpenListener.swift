import NIOCore

/// A listener that is listened on, and what its new connections begin with. Lives on the event loop.
final class OpenListener {
    let name: String
    /// nil until it is adopted.
    var channel: (any Channel)?
    /// nil: plain HTTP.
    var tls: TLSContext?
    /// Also of the connections that are open.
    var purpose = ListenerPurpose.everything

    init(name: String, tls: TLSContext?) {
        self.name = name
        self.tls = tls
    }

    /// Makes a new connection speak what the listener does now.
    func initialize(_ channel: any Channel, _ core: EdgeCore) throws {
        if let tls = self.tls {
            try TLSHandshake.install(in: channel, tls: tls, core: core, listener: self)
        } else {
            try HTTPConnection.install(in: channel.pipeline.syncOperations, core: core, listener: self)
        }
    }
}
