import CLinux
import Glibc

/// Which files the process can open: the kernel's landlock, where it has one.
public enum Landlock {
    /// What may be done with a file, or with everything in a folder.
    public struct Rights: OptionSet, Hashable, Sendable {
        public let rawValue: UInt32

        public init(rawValue: UInt32) {
            self.rawValue = rawValue
        }

        /// Reading files and listing folders.
        public static let read = Rights(rawValue: SLUICE_PATH_READ)
        /// Writing and truncating files.
        public static let write = Rights(rawValue: SLUICE_PATH_WRITE)
        /// Making, renaming and removing files.
        public static let make = Rights(rawValue: SLUICE_PATH_MAKE)
        /// Making and removing named sockets.
        public static let makeSockets = Rights(rawValue: SLUICE_PATH_MAKE_SOCKETS)
    }

    /// One path, and what is allowed there.
    public struct Rule: Hashable, Sendable {
        public var path: String
        public var rights: Rights

        public init(_ path: String, _ rights: Rights) {
            self.path = path
            self.rights = rights
        }
    }

    /// The version the kernel has; 0 where it has none.
    public static var version: Int { Int(sluice_landlock_abi()) }

    /// From now on nothing can be opened but what `rules` allow, no TCP port can be bound, and none be connected to unless
    /// `connects`. A path that does not exist is left out; nothing that is open already changes.
    ///
    /// Binds the calling thread and those it makes from now on: to be called while there is no other.
    public static func restrict(to rules: [Rule], connects: Bool) throws(SystemError) {
        // The strings live as long as the list that points to them.
        let paths = unsafe rules.map { unsafe strdup($0.path) }
        defer { unsafe paths.forEach { unsafe free($0) } }
        var list: [sluice_path_rule] = unsafe []
        for index in rules.indices {
            let rule = rules[index]
            guard let path = unsafe paths[index] else { throw SystemError(operation: "landlock", code: ENOMEM) }
            unsafe list.append(unsafe sluice_path_rule(path: UnsafePointer(path), rights: rule.rights.rawValue))
        }
        let result = unsafe list.withUnsafeBufferPointer {
            unsafe sluice_landlock_restrict($0.baseAddress, Int32($0.count), connects ? 1 : 0)
        }
        guard result == 0 else { throw SystemError.last("landlock") }
    }

    /// Whether this thread is bound by rules that do not allow the file system's root.
    public static var isInForce: Bool {
        let root = OwnedDescriptor(adopting: unsafe open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC))
        return root.number < 0 && errno == EACCES
    }
}
