import CLinux
import Glibc

/// Bytes in a sealed memfd: whoever receives the descriptor can read them and nobody can change them.
public enum SealedMemory {
    /// Makes a memfd that holds `bytes` and seals it. `name` shows up in /proc/PID/fd.
    public static func make(name: String, bytes: [UInt8]) throws(SystemError) -> OwnedDescriptor {
        let descriptor = OwnedDescriptor(adopting: unsafe name.withCString { unsafe sluice_memfd_create($0) })
        guard descriptor.number >= 0 else { throw SystemError.last("memfd_create") }
        var written = 0
        while written < bytes.count {
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.write(descriptor.number, $0.baseAddress.map { unsafe $0 + written }, bytes.count - written)
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw SystemError.last("write") }
            written += count
        }
        guard sluice_memfd_seal(descriptor.number) == 0 else { throw SystemError.last("fcntl(F_ADD_SEALS)") }
        return descriptor
    }

    /// Whether the descriptor is a memfd with all seals.
    public static func isSealed(_ number: Int32) -> Bool {
        sluice_memfd_is_sealed(number) == 1
    }

    /// Reads all of a sealed memfd; refuses one that is not sealed or is larger than `limit` bytes.
    public static func read(_ number: Int32, limit: Int) throws(SystemError) -> [UInt8] {
        guard sluice_memfd_is_sealed(number) == 1 else { throw SystemError(operation: "check seals", code: EPERM) }
        var info = stat()
        guard unsafe fstat(number, &info) == 0 else { throw SystemError.last("fstat") }
        let size = Int(info.st_size)
        guard size >= 0, size <= limit else { throw SystemError(operation: "read sealed memory", code: EFBIG) }
        var bytes = [UInt8](repeating: 0, count: size)
        var done = 0
        while done < size {
            let count = unsafe bytes.withUnsafeMutableBytes {
                unsafe pread(number, $0.baseAddress.map { unsafe $0 + done }, size - done, off_t(done))
            }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { throw SystemError.last("pread") }
            done += count
        }
        return bytes
    }
}
