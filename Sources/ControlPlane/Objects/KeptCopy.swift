import Glibc
import Platform

/// Files of the state folder that are replaced as a whole.
enum KeptCopy {
    /// Puts a new file in the place of the one at `path`; false where that was not possible, and nothing has changed.
    static func write(_ bytes: [UInt8], to path: String) -> Bool {
        let draft = "\(path).new"
        let file = OwnedDescriptor(
            adopting: unsafe open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600))
        guard file.number >= 0 else { return false }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(file.number, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        // A copy that a loss of power emptied would be worse than an old one.
        guard fdatasync(file.number) == 0 else { return false }
        return unsafe rename(draft, path) == 0
    }
}
