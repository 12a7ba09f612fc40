import CLinux
import Glibc

/// A memfd that another process writes an answer to, read here when that process has ended. It can be as broken as its writer.
public final class PlainMemory {
    private let descriptor: OwnedDescriptor

    public init(name: String) throws(SystemError) {
        let number = unsafe name.withCString { unsafe sluice_memfd_plain($0) }
        guard number >= 0 else { throw SystemError.last("memfd_create") }
        self.descriptor = OwnedDescriptor(adopting: number)
    }

    /// For handing it to the writer.
    public var number: Int32 { self.descriptor.number }

    /// What was written, at most `limit` bytes.
    public func bytes(limit: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: limit)
        var done = 0
        while done < limit {
            let count = unsafe bytes.withUnsafeMutableBytes {
                unsafe pread(self.number, $0.baseAddress.map { unsafe $0 + done }, limit - done, off_t(done))
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { break }
            done += count
        }
        return Array(bytes.prefix(done))
    }
}
