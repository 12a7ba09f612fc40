import JSON

/// Streams written for these tests, in the grammars that providers were seen to use.
struct StreamFixture: CustomStringConvertible, Sendable {
    var name: String
    var body: [UInt8]

    var description: String { self.name }

    init(_ name: String, _ text: String) {
        self.name = name
        self.body = Array(text.utf8)
    }

    static let preamble = #"data: {"choices":[{"index":0,"delta":{"role":"assistant","content":""}}],"usage":null}"#
    static let text = #"data: {"choices":[{"index":0,"delta":{"content":"[DONE] \"usage\":{é😀"}}],"usage":null}"#
    static let finish = #"data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#
    static let usage =
        #"data: {"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":4,"prompt_tokens_details":{"cached_tokens":3}}}"#
    static let done = "data: [DONE]"

    static func lines(_ end: String) -> String {
        [self.preamble, self.text, self.text, self.finish, self.usage, self.done].map { $0 + end + end }.joined()
    }

    static let all = [
        StreamFixture("LF", Self.lines("\n")),
        StreamFixture("CRLF", Self.lines("\r\n")),
        StreamFixture("CR", Self.lines("\r")),
        StreamFixture(
            "mixed line ends",
            "\(Self.preamble)\r\n\n\(Self.text)\r\r\n\(Self.finish)\n\r\n\(Self.usage)\r\n\r\n\(Self.done)\n\r"),
        StreamFixture(
            "comments, fields, blank lines and a byte order mark",
            "\u{FEFF}: hello\n\n\n\n:\n\nretry: 10\n\nevent: x\nid: 3\n\(Self.preamble)\n\n: keep-alive\n\n\(Self.text)\n"
                + "event: message\n\n\(Self.usage)\nid\n\n: after\n\ndata:[DONE]\n\n"),
        StreamFixture(
            "data over several lines",
            "data: {\"choices\":\ndata: [{\"delta\":{\"content\":\"x\"}}]}\n\ndata:{\"choices\":[],\ndata\ndata:  \"usage\":"
                + "{\"prompt_tokens\":1}}\n\n\(Self.done)\n\n"),
        StreamFixture("no blank line at the end", "\(Self.text)\n\n\(Self.finish)\n\n\(Self.usage)\n\n\(Self.done)"),
        StreamFixture("usage at the very end, unfinished", "\(Self.text)\n\n\(Self.finish)\n\n\(Self.usage)\n"),
        StreamFixture("usage twice", "\(Self.text)\n\n\(Self.usage)\n\n\(Self.usage)\n\n\(Self.text)\n\n"),
        StreamFixture("usage first", "\(Self.preamble)\n\n\(Self.usage)\n\n\(Self.text)\n\n\(Self.done)\n\n"),
        StreamFixture(
            "garbage after content", "\(Self.text)\n\ndata: {oops\n\ndata: 7\n\n\u{0}\u{1}\n\n\(Self.done)\n\n"),
        StreamFixture("only done", "\(Self.done)\n\n"),
        StreamFixture(
            "an error event",
            ": x\n\n\(Self.preamble)\n\nevent: error\ndata: {\"error\":{\"message\":\"no\",\"status_code\":400}}\n\n"),
    ]
}

/// What a plain reading of the event stream grammar, on the whole stream at once, says.
enum StreamOracle {
    /// The events with their bytes; the last one may lack its blank line.
    static func events(_ body: [UInt8]) -> [[UInt8]] {
        var events: [[UInt8]] = []
        var event: [UInt8] = []
        var lineIsEmpty = true
        var index = 0
        while index < body.count {
            let byte = body[index]
            event.append(byte)
            index += 1
            guard byte == 0x0A || byte == 0x0D else {
                lineIsEmpty = false
                continue
            }
            if byte == 0x0D, index < body.count, body[index] == 0x0A {
                event.append(0x0A)
                index += 1
            }
            if lineIsEmpty {
                events.append(event)
                event = []
            }
            lineIsEmpty = true
        }
        return event.isEmpty ? events : events + [event]
    }

    /// The data of an event as JSON.
    static func json(_ event: [UInt8]) -> JSONValue? {
        let text = String(decoding: event, as: UTF8.self).unicodeScalars
        let lines = text.split { $0 == "\n" || $0 == "\r" }.map { String(String.UnicodeScalarView($0)) }
        let data = lines.compactMap { line -> String? in
            if line == "data" { return "" }
            return line.hasPrefix("data:") ? String(line.dropFirst(5)) : nil
        }
        return try? JSONReader().read(Array(data.joined(separator: "\n").utf8), maximumBytes: 1 << 24)
    }

    static func isUsageOnly(_ event: [UInt8]) -> Bool {
        let value = self.json(event)
        guard value?["choices"]?.array?.isEmpty == true, case .object = value?["usage"] else { return false }
        return true
    }

    static func withoutUsage(_ body: [UInt8]) -> [UInt8] {
        self.events(body).filter { !self.isUsageOnly($0) }.flatMap(\.self)
    }
}

/// Cuts of a stream into pieces.
enum Cuts {
    /// Both halves of every cut in two of a short stream; of a long one those near a line end, and every 101st.
    static func twoWays(_ body: [UInt8]) -> [Int] {
        guard body.count > 3000 else { return Array(0...body.count) }
        return (0...body.count).filter { cut in
            cut % 101 == 0
                || body[max(0, cut - 3)..<min(body.count, cut + 2)].contains { $0 == 0x0A || $0 == 0x0D }
        }
    }

    static func pieces(_ body: [UInt8], of size: Int) -> [[UInt8]] {
        stride(from: 0, to: body.count, by: size).map { Array(body[$0..<min($0 + size, body.count)]) }
    }
}
