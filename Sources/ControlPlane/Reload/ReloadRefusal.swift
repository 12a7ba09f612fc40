import EventLog

/// Why a configuration that was read again is not used: one line a problem.
struct ReloadRefusal: Error, Hashable, Sendable {
    /// Bytes of the text, which has to go into one frame beside others.
    static let limit = 20 << 10

    var lines: [String]

    init(lines: [String]) {
        self.lines = lines
    }

    init(_ failure: StartFailure) {
        self.init(lines: failure.message.split(separator: "\n").map(String.init))
    }

    /// As many lines as there is room for, and how many there are besides.
    var message: String {
        var text = ""
        for (index, line) in self.lines.enumerated() {
            let next = text.isEmpty ? line : "\(text)\n\(line)"
            guard next.utf8.count <= Self.limit else {
                return "\(text)\n… and \(self.lines.count - index) more"
            }
            text = next
        }
        return text
    }
}
