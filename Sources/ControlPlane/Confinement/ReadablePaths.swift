import Domain
import Glibc

/// Folders that a process may read because the configuration names files there.
///
/// Folders, not files: what is replaced is a new file under the old name, and mounted configuration is a link to a folder that is
/// changed as a whole.
enum ReadablePaths {
    /// The folders of `files` (absolute paths), and of what they are links to; each once, in order.
    static func folders(of files: [String]) -> [String] {
        var found: [String] = []
        for file in files {
            for path in [file, Self.target(of: file)].compactMap({ $0 }) {
                guard let folder = Self.folder(of: path), !found.contains(folder) else { continue }
                found.append(folder)
            }
        }
        return found
    }

    private static func folder(of path: String) -> String? {
        let bytes = Array(path.utf8)
        guard bytes.first == UInt8(ascii: "/"), let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return nil }
        // Not the whole of the file system for a file that lies right below its root: such a one is read, not what takes its place.
        return slash == 0 ? path : String(decoding: bytes[..<slash], as: UTF8.self)
    }

    private static func target(of path: String) -> String? {
        guard let resolved = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(resolved) }
        return unsafe String(cString: resolved)
    }
}
