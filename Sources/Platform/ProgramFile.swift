import CLinux
import Glibc

/// One program, kept open: what is started from it stays the same when another file is put in its place.
///
/// A script has no file of its own that could be started so; it is started by its path.
public final class ProgramFile {
    public let path: String
    private let descriptor: OwnedDescriptor?

    /// Opens the file at `path`, which need not be there: then starting it fails.
    public init(path: String) {
        self.path = path
        let isScript = unsafe path.withCString { unsafe sluice_is_script($0) } == 1
        let number = isScript ? -1 : unsafe path.withCString { unsafe sluice_open_path($0) }
        self.descriptor = number < 0 ? nil : OwnedDescriptor(adopting: number)
    }

    /// Takes over a descriptor that another program of this process has opened.
    public init(path: String, adopting number: Int32?) {
        self.path = path
        self.descriptor = number.map { OwnedDescriptor(adopting: $0) }
    }

    /// Nil: it is started by its path.
    public var number: Int32? {
        switch self.descriptor {
        case .some(let descriptor): descriptor.number
        case nil: nil
        }
    }
}
