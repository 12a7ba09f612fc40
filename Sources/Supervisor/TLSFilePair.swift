import Domain
import EventLog
import Glibc
import Platform

/// The files of a certificate and its key, open for reading: handed to the edges, never read here.
final class TLSFilePair {
    /// Bytes of the largest file.
    private static let limit: off_t = 1 << 20

    private let certificate: OwnedDescriptor
    private let key: OwnedDescriptor

    init(_ files: ListenerSettings.TLSFiles) throws(StartFailure) {
        self.certificate = try Self.open(files.certificate)
        self.key = try Self.open(files.key)
    }

    /// Takes over what another program of this process had open.
    init(certificate: Int32, key: Int32) {
        self.certificate = OwnedDescriptor(adopting: certificate)
        self.key = OwnedDescriptor(adopting: key)
    }

    /// Certificate, key.
    var numbers: [Int32] { [self.certificate.number, self.key.number] }

    /// Follows links: certificates are renewed by changing one.
    private static func open(_ path: String) throws(StartFailure) -> OwnedDescriptor {
        // Not to wait for whoever writes into a pipe.
        let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY
        let file = OwnedDescriptor(adopting: unsafe Glibc.open(path, flags))
        var info = stat()
        guard file.number >= 0, unsafe fstat(file.number, &info) == 0 else {
            throw StartFailure("cannot open \(path): \(SystemError.last("open").reason)")
        }
        guard info.st_mode & S_IFMT == S_IFREG else { throw StartFailure("\(path) is no regular file") }
        guard info.st_size <= Self.limit else { throw StartFailure("\(path) is larger than 1 MiB") }
        return file
    }
}
