/// What a server or the library says, made fit for one line of a log: a server is not trusted with more.
enum PostgresMessage {
    private static let longest = 400

    /// `text` without control characters, cut where it is long.
    static func line(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8.prefix(Self.longest) { bytes.append(byte < 0x20 || byte == 0x7F ? 0x20 : byte) }
        while bytes.last == 0x20 { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What was said when no connection came about, with the server's code when it has given one: the first line, such as
    /// `connection to server at "…" failed: FATAL:  28P01: password authentication failed for user "…"`.
    static func refusal(_ text: String) -> (message: String, state: SQLState?) {
        let first = Self.line(String(text.prefix { $0 != "\n" }))
        let words = first.split(separator: " ", omittingEmptySubsequences: true)
        for (word, code) in zip(words, words.dropFirst()) where word.hasSuffix(":") && code.hasSuffix(":") {
            // The words before may have five capital letters, too; a code has a digit.
            let hasDigit = code.utf8.contains { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
            if hasDigit, let state = SQLState(code.dropLast().utf8) { return (first, state) }
        }
        return (first.isEmpty ? "no connection" : first, nil)
    }
}
