/// Builds one JSON line of at most 4 KiB, so that a single write(2) to a pipe is never mixed with another process's.
///
/// Whatever the values hold, the result is one line of valid JSON without control characters: a logged client header can
/// neither forge a line nor drive a terminal.
struct LogLine {
    /// Bytes of the longest line, its newline included: the size up to which a pipe's writes are atomic.
    static let maximum = 4096
    /// Bytes one string may take before it is cut.
    private static let longestValue = 2048
    private static let cutMark = Array(#","cut":true}"#.utf8)

    private var bytes: [UInt8] = []
    private var isCut = false

    init() {
        self.bytes.reserveCapacity(256)
    }

    mutating func add(_ key: String, _ text: String) {
        self.add(key, .string(text))
    }

    mutating func add(_ key: String, _ value: LogValue) {
        let start = self.bytes.count
        self.bytes.append(start == 0 ? UInt8(ascii: "{") : UInt8(ascii: ","))
        self.append(quoted: key)
        self.bytes.append(UInt8(ascii: ":"))
        switch value {
        case .string(let text): self.append(quoted: text)
        case .bytes(let raw): self.append(quoted: String(decoding: raw, as: UTF8.self))
        case .int(let number): self.bytes.append(contentsOf: String(number).utf8)
        case .unsigned(let number): self.bytes.append(contentsOf: String(number).utf8)
        case .bool(let flag): self.bytes.append(contentsOf: (flag ? "true" : "false").utf8)
        case .list(let texts):
            self.bytes.append(UInt8(ascii: "["))
            for (index, text) in texts.enumerated() {
                if index > 0 { self.bytes.append(UInt8(ascii: ",")) }
                self.append(quoted: text)
            }
            self.bytes.append(UInt8(ascii: "]"))
        }
        guard self.bytes.count + Self.cutMark.count + 1 > Self.maximum else { return }
        self.bytes.removeSubrange(start...)
        self.isCut = true
    }

    /// The line with its newline.
    consuming func finish() -> [UInt8] {
        if self.isCut {
            self.bytes.append(contentsOf: Self.cutMark)
        } else {
            self.bytes.append(UInt8(ascii: "}"))
        }
        self.bytes.append(UInt8(ascii: "\n"))
        return self.bytes
    }

    private mutating func append(quoted text: String) {
        self.bytes.append(UInt8(ascii: "\""))
        let end = self.bytes.count + Self.longestValue
        for scalar in text.unicodeScalars {
            guard self.bytes.count < end else {
                self.bytes.append(contentsOf: "…".utf8)
                break
            }
            switch scalar.value {
            case 0x22, 0x5C:
                self.bytes.append(UInt8(ascii: "\\"))
                self.bytes.append(UInt8(truncatingIfNeeded: scalar.value))
            case 0x0A: self.bytes.append(contentsOf: #"\n"#.utf8)
            case 0x0D: self.bytes.append(contentsOf: #"\r"#.utf8)
            case 0x09: self.bytes.append(contentsOf: #"\t"#.utf8)
            // C0, DEL and C1 drive terminals; line separators and direction overrides let text pass for something else.
            case ..<0x20, 0x7F...0x9F, 0x2028...0x202E, 0x2066...0x2069: self.append(escaped: scalar.value)
            case ..<0x80: self.bytes.append(UInt8(truncatingIfNeeded: scalar.value))
            default: self.bytes.append(contentsOf: String(scalar).utf8)
            }
        }
        self.bytes.append(UInt8(ascii: "\""))
    }

    private mutating func append(escaped value: UInt32) {
        let digits = Array("0123456789abcdef".utf8)
        self.bytes.append(contentsOf: #"\u"#.utf8)
        for shift in [12, 8, 4, 0] as [UInt32] { self.bytes.append(digits[Int(value >> shift & 0xF)]) }
    }
}
