import CJournal
import Glibc
import Platform

/// Whether the process that writes a journal lives: it holds the write lock (of the open file description) on byte 0 of its
/// newest segment, and the kernel frees that when the process ends in whatever way.
public enum JournalOwnerLock {
    enum Holder {
        case locked
        case free
        /// There is no such file.
        case missing
        case unknown(SystemError)
    }

    /// Whether the owner of these host and instance numbers lives. An owner without any segment does not: it never had a
    /// journal, closed it, or everything of it has been read.
    public static func isAlive(host: UInt32, instance: UInt32, in folder: String) throws(JournalError) -> Bool {
        // A living owner locks a segment before the folder shows it, and a later one before it lets an earlier one go. So a free
        // newest segment means a dead owner, unless a newer one came after the look into the folder: then look again.
        var tested: SegmentName?
        while true {
            let segments = try JournalFolder.contents(folder).segments
            guard let newest = segments.last(where: { $0.name.host == host && $0.name.instance == instance }) else {
                return false
            }
            if newest.name == tested { return false }
            switch JournalOwnerLock.holder(of: newest.path) {
            case .locked: return true
            case .free: tested = newest.name
            case .missing: continue
            case .unknown(let error): throw .system(path: newest.path, error)
            }
        }
    }

    static func holder(of path: String) -> Holder {
        let descriptor = OwnedDescriptor(adopting: unsafe open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW))
        guard descriptor.number >= 0 else {
            return errno == ENOENT ? .missing : .unknown(SystemError.last("open"))
        }
        switch sluice_journal_is_locked(descriptor.number) {
        case 0: return .free
        case 1: return .locked
        default: return .unknown(SystemError.last("fcntl(F_OFD_GETLK)"))
        }
    }
}

extension JournalOwnerLock.Holder: Equatable {}
