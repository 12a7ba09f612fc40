import Glibc

/// The standard output or error, written at once: what exec or exit come after must not sit in a buffer.
enum StandardStream: Int32 {
    case output = 1
    case error = 2

    /// Whether somebody can be asked: what is written to the standard error is seen, and the standard input is typed.
    static var isTerminal: Bool { isatty(0) == 1 && isatty(2) == 1 }

    /// Writes all of `text`; gives up silently when nobody can read it any more.
    func write(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes { unsafe Glibc.write(self.rawValue, $0.baseAddress, $0.count) }
            if count < 0 && errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
