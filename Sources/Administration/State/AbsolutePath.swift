/// Paths that mean the same to every process of the tree, whatever its working directory.
public enum AbsolutePath {
    /// `path`, seen from the absolute `directory`. Empty and `.` segments go; `..` stays, because of symbolic links.
    public static func resolve(_ path: String, in directory: String) -> String {
        let start = path.utf8.first == UInt8(ascii: "/") ? "" : directory
        let segments = (start.utf8.split(separator: UInt8(ascii: "/")) + path.utf8.split(separator: UInt8(ascii: "/")))
            .map { String(decoding: $0, as: UTF8.self) }
            .filter { $0 != "." }
        return "/" + segments.joined(separator: "/")
    }
}
