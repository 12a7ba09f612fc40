import Glibc

/// Colours for a terminal, or none.
struct Paint {
    enum Colour: String {
        case red = "31"
        case green = "32"
        case yellow = "33"
        case faint = "2"
        case bold = "1"
    }

    let isOn: Bool

    /// The standard output is a terminal that shows colours, and nobody wants none.
    static var isWanted: Bool {
        guard isatty(1) == 1, unsafe getenv("NO_COLOR") == nil, let terminal = unsafe getenv("TERM") else {
            return false
        }
        return unsafe strcmp(terminal, "dumb") != 0
    }

    func callAsFunction(_ text: String, _ colour: Colour?) -> String {
        guard self.isOn, let colour else { return text }
        return "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m"
    }

    /// A state's name in its colour.
    func state(_ name: String) -> String {
        let colours: [String: Colour] = [
            "ready": .green, "done": .green, "degraded": .red, "failed": .red, "ending": .red, "waiting": .red,
            "starting": .yellow, "stopping": .yellow, "draining": .yellow, "running": .yellow,
        ]
        return self(name, colours[name])
    }
}
