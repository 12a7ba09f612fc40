import Glibc
public import Platform

/// What is wrong with a limit table. Each case names the file.
public enum LimitTableError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Why a file is no table that can be used.
    public enum Problem: Hashable, Sendable {
        /// It does not begin as a table does, or not as long as its header says.
        case damaged
        /// Another version made it, in a format that this one does not know.
        case format(UInt64)
        /// It was made before the host was started; its clock means nothing any more.
        case boot
        /// What is asked for is beyond the bounds of `LimitTableShape`.
        case shape
        /// No room for another key or cell.
        case full
    }

    case system(path: String, SystemError)
    case table(path: String, Problem)

    /// Whether there is no file (yet).
    public var isMissing: Bool {
        guard case .system(_, let error) = self else { return false }
        return error.code == ENOENT
    }

    public var description: String {
        switch self {
        case .system(let path, let error): "\(path): \(error)"
        case .table(let path, let problem): "\(path): not a limit table that can be used (\(problem))"
        }
    }
}
