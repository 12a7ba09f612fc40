import Glibc

/// The terminal as one screen that is drawn again and again: lines go nowhere else, keys are read one by one and not shown. `leave` makes it
/// what it was; nobody may end without.
final class TerminalScreen {
    private var before = termios()
    private var isEntered = false

    /// Both ends are a terminal that knows what to do.
    static var isPossible: Bool {
        guard isatty(0) == 1, isatty(1) == 1, let terminal = unsafe getenv("TERM") else { return false }
        return unsafe strcmp(terminal, "dumb") != 0
    }

    /// False where the terminal cannot be changed.
    func enter() -> Bool {
        guard !self.isEntered, unsafe tcgetattr(0, &self.before) == 0 else { return self.isEntered }
        var raw = self.before
        // Ctrl-C and the like stay signals.
        raw.c_lflag &= ~tcflag_t(ICANON | ECHO)
        guard unsafe tcsetattr(0, TCSANOW, &raw) == 0 else { return false }
        self.isEntered = true
        // Another screen, no cursor, no lines that go on below.
        StandardStream.output.write("\u{1B}[?1049h\u{1B}[?25l\u{1B}[?7l")
        return true
    }

    /// Makes the terminal what it was; does nothing where it is.
    func leave() {
        guard self.isEntered else { return }
        self.isEntered = false
        StandardStream.output.write("\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l")
        unsafe tcsetattr(0, TCSANOW, &self.before)
    }

    deinit {
        self.leave()
    }

    /// Columns and rows as they are now.
    var size: (columns: Int, rows: Int) {
        var size = winsize()
        guard unsafe ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return (80, 24) }
        return (Int(size.ws_col), Int(size.ws_row))
    }

    /// Draws the lines that have room, over what was there: without the flicker of clearing first.
    func draw(_ lines: [String]) {
        let rows = self.size.rows
        var text = "\u{1B}[H"
        for (index, line) in lines.prefix(rows).enumerated() {
            text += index == 0 ? "" : "\r\n"
            text += "\(line)\u{1B}[K"
        }
        text += "\u{1B}[J"
        StandardStream.output.write(text)
    }

    /// The keys that were pressed; empty where there are none, nil where nothing will come any more.
    func keys() -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = unsafe read(0, &bytes, bytes.count)
        if count < 0 { return errno == EINTR || errno == EAGAIN ? [] : nil }
        return count == 0 ? nil : Array(bytes[..<count])
    }
}
