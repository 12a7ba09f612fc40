import IPC
import Platform

/// A listener that the supervisor has offered, with its descriptors.
struct OfferedListener {
    var name: String
    /// Owned here until it is adopted.
    var socket: Int32
    /// Where TLS is spoken: the certificate's file and the key's. Owned here.
    var files: (certificate: Int32, key: Int32)?

    /// What an offer brings; descriptors that belong to no entry are closed.
    static func all(_ offer: ListenerOffer, _ descriptors: [Int32]) -> [OfferedListener] {
        var rest = descriptors[...]
        var listeners: [OfferedListener] = []
        for entry in offer.entries {
            guard rest.count >= (entry.hasTLS ? 3 : 1), let socket = rest.popFirst() else { break }
            var listener = OfferedListener(name: entry.name, socket: socket)
            if entry.hasTLS, let certificate = rest.popFirst(), let key = rest.popFirst() {
                listener.files = (certificate, key)
            }
            listeners.append(listener)
        }
        for descriptor in rest { _ = OwnedDescriptor(adopting: descriptor) }
        return listeners
    }

    /// Lets go of all descriptors.
    func close() {
        _ = OwnedDescriptor(adopting: self.socket)
        self.closeFiles()
    }

    /// The files have been read.
    func closeFiles() {
        guard let files = self.files else { return }
        _ = OwnedDescriptor(adopting: files.certificate)
        _ = OwnedDescriptor(adopting: files.key)
    }
}
