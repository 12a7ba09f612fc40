import CJournal
import Glibc
import Platform

/// The folder of all journals, `STATE/journal`: who has segments there, and what becomes of a segment that is done with.
public enum JournalFolder {
    /// A segment in the folder.
    public struct Segment: Hashable, Sendable {
        public let folder: String
        public let name: SegmentName
        /// Bytes of the file, its unwritten part too.
        public let size: UInt64

        public var path: String { "\(self.folder)/\(self.name.file(.segment))" }

        /// Whether something was recorded in it. Then its owner writes no earlier one any more. Throws when it cannot be read;
        /// a segment that is gone has not begun.
        public func hasBegun() throws(JournalError) -> Bool {
            let descriptor = OwnedDescriptor(adopting: unsafe open(self.path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW))
            if descriptor.number < 0 && errno == ENOENT { return false }
            guard descriptor.number >= 0 else { throw .system(path: self.path, SystemError.last("open")) }
            var length: UInt32 = 0
            let count = unsafe pread(
                descriptor.number, &length, MemoryLayout<UInt32>.size, off_t(SegmentFormat.headerSize))
            guard count >= 0 else { throw .system(path: self.path, SystemError.last("pread")) }
            return count == MemoryLayout<UInt32>.size && length != 0
        }
    }

    /// What one look into the folder found.
    public struct Contents: Sendable {
        /// By owner, and of one owner in the order they were written.
        public fileprivate(set) var segments: [Segment] = []
        /// Files that quarantine set aside.
        public fileprivate(set) var torn = 0
        /// Bytes of everything in the folder; what `journal.max_bytes` bounds.
        public fileprivate(set) var bytes: UInt64 = 0
        fileprivate var unfinished: [SegmentName] = []
    }

    /// Where the journals are; control makes the folder with mode 0700.
    public static func path(stateDirectory: String) -> String { "\(stateDirectory)/journal" }

    /// Looks into the folder. Files that are none of the journal's count with their bytes and are left alone.
    public static func contents(_ folder: String) throws(JournalError) -> Contents {
        var contents = Contents()
        try JournalFolder.eachFile(folder) { file, size in
            contents.bytes &+= size
            guard let (name, kind) = SegmentName.parse(file) else { return }
            switch kind {
            case .segment: contents.segments.append(Segment(folder: folder, name: name, size: size))
            case .unfinished: contents.unfinished.append(name)
            case .torn: contents.torn += 1
            }
        }
        contents.segments.sort { $0.name < $1.name }
        return contents
    }

    /// Deletes a segment whose records are all in the database.
    public static func remove(_ segment: Segment) throws(JournalError) {
        if unsafe unlink(segment.path) != 0 && errno != ENOENT {
            throw .system(path: segment.path, SystemError.last("unlink"))
        }
    }

    /// Sets a segment aside under the name `….journal.torn`, for a person to look at. Returns the new path. Nothing is deleted: when
    /// there is such a file already, this is an error.
    @discardableResult
    public static func quarantine(_ segment: Segment) throws(JournalError) -> String {
        let target = "\(segment.folder)/\(segment.name.file(.torn))"
        guard unsafe sluice_journal_rename(segment.path, target) == 0 else {
            throw .system(path: target, SystemError.last("rename"))
        }
        return target
    }

    /// Deletes segments that were still being made, and hold no record, when their owner died. `contents` is a look into the
    /// folder that is at least a second old. Returns how many there were.
    @discardableResult
    public static func removeUnfinished(_ folder: String, _ contents: Contents) -> Int {
        var removed = 0
        for name in contents.unfinished {
            let path = "\(folder)/\(name.file(.unfinished))"
            // Its maker locks it at once, and renames it within a moment.
            guard JournalOwnerLock.holder(of: path) == .free, unsafe unlink(path) == 0 else { continue }
            removed += 1
        }
        return removed
    }

    /// Bytes of everything in the folder.
    public static func bytes(_ folder: String) throws(JournalError) -> UInt64 {
        var sum: UInt64 = 0
        try JournalFolder.eachFile(folder) { sum &+= $1 }
        return sum
    }

    private static func eachFile(_ folder: String, _ body: ([UInt8], UInt64) -> Void) throws(JournalError) {
        guard let directory = unsafe opendir(folder) else {
            throw .system(path: folder, SystemError.last("opendir"))
        }
        defer { unsafe closedir(directory) }
        while true {
            errno = 0
            guard let entry = unsafe readdir(directory) else {
                if errno != 0 { throw .system(path: folder, SystemError.last("readdir")) }
                return
            }
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe Array(bytes.prefix { $0 != 0 })
            }
            var info = stat()
            // What is gone since then counts nothing.
            guard
                unsafe (name + [0]).withUnsafeBufferPointer({ bytes in
                    unsafe bytes.withMemoryRebound(to: CChar.self) { text in
                        guard let base = text.baseAddress else { return false }
                        return unsafe fstatat(dirfd(directory), base, &info, AT_SYMLINK_NOFOLLOW) == 0
                    }
                })
            else { continue }
            guard info.st_mode & S_IFMT == S_IFREG else { continue }
            body(name, UInt64(max(0, info.st_size)))
        }
    }
}
