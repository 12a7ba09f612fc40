import Dialects
import Domain
import JSON
import Testing

@Suite("OpenAIStreamFilter")
struct OpenAIStreamFilterTests {
    struct Outcome: Equatable {
        var output: [UInt8] = []
        var end: ReplyStreamEnd?
        var usage: TokenUsage?
        var sawDone = false
        var sawFinish = false
        var sawError = false
    }

    private let reader = OpenAIReplyReader()

    private func run(_ pieces: [[UInt8]], asked: Bool, held: Int = 256 << 10, event: Int = 1 << 20) -> Outcome {
        let filter = OpenAIStreamFilter(
            reader: self.reader, askedForUsage: asked, maximumHeldBytes: held, maximumEventBytes: event)
        var outcome = Outcome()
        var isReleased = false
        for piece in pieces {
            do throws(StreamFault) {
                try unsafe piece.withUnsafeBytesThrowing { piece throws(StreamFault) in
                    try unsafe filter.feed(piece) { bytes in
                        isReleased = true
                        unsafe outcome.output.append(contentsOf: bytes)
                    }
                }
            } catch {
                return outcome
            }
            #expect(filter.hasContent == isReleased || piece.isEmpty)
        }
        outcome.end = unsafe filter.finish { bytes in unsafe outcome.output.append(contentsOf: bytes) }
        outcome.usage = filter.usage
        outcome.sawDone = filter.sawDone
        outcome.sawFinish = filter.sawFinish
        outcome.sawError = filter.sawError
        return outcome
    }

    private func run(_ text: String, asked: Bool) -> Outcome {
        self.run([Array(text.utf8)], asked: asked)
    }

    private func check(_ body: [UInt8], cuts: [Int]) {
        for asked in [true, false] {
            let whole = self.run([body], asked: asked)
            #expect(whole.output == (asked ? StreamOracle.withoutUsage(body) : body))
            for cut in cuts {
                #expect(
                    self.run([Array(body[..<cut]), Array(body[cut...])], asked: asked) == whole, "\(asked), cut \(cut)")
            }
            for size in [1, 2, 13] {
                #expect(self.run(Cuts.pieces(body, of: size), asked: asked) == whole, "\(asked), pieces of \(size)")
            }
            #expect(self.run([[], body, []], asked: asked) == whole)
        }
    }

    @Test("Output is input less the usage chunk that was asked for, whatever the cuts", arguments: StreamFixture.all)
    func fixtures(_ fixture: StreamFixture) {
        self.check(fixture.body, cuts: Array(0...fixture.body.count))
        #expect(self.run([fixture.body], asked: true).end != .noContent)
    }

    @Test(
        "The same holds for recorded streams",
        .withRecordings, arguments: Recording.streams)
    func recordings(_ recording: Recording) {
        let events = StreamOracle.events(recording.body)
        // The head, the tail and their neighbours hold all that a filter decides; the middle only passes.
        let head = events.prefix(6).flatMap(\.self)
        let tail = events.suffix(6).flatMap(\.self)
        let short = events.count > 12 ? head + tail : recording.body
        self.check(short, cuts: Cuts.twoWays(short))
        let whole = self.run([recording.body], asked: false)
        #expect(whole.output == recording.body)
        #expect(whole.end == .complete)
        #expect(self.run(Cuts.pieces(recording.body, of: 1400), asked: false) == whole)
        let usages = events.compactMap { StreamOracle.json($0) }.contains { value in
            value["usage"]?["prompt_tokens"] != nil || value["x_groq"]?["usage"]?["prompt_tokens"] != nil
        }
        #expect((whole.usage != nil) == usages)
    }

    @Test("Nothing is released before content, then all of it at once")
    func holding() throws {
        let filter = OpenAIStreamFilter(reader: self.reader, askedForUsage: true)
        var releases: [String] = []
        func feed(_ text: String) throws {
            let bytes = Array(text.utf8)
            try unsafe bytes.withUnsafeBytesThrowing { piece throws(StreamFault) in
                try unsafe filter.feed(piece) { unsafe releases.append(String(decoding: $0, as: UTF8.self)) }
            }
        }
        try feed(": c\n\n\(StreamFixture.preamble)\n\n")
        try feed(String(StreamFixture.text.prefix(30)))
        #expect(releases.isEmpty && !filter.hasContent)
        let rest = "\(StreamFixture.text.dropFirst(30))\n\n\(StreamFixture.text)\n\n"
        try feed(rest)
        #expect(releases == [": c\n\n\(StreamFixture.preamble)\n\n", String(StreamFixture.text.prefix(30)), rest])
        releases = []
        // A piece of whole events goes out as one range; one with the usage chunk in it as two.
        try feed("\(StreamFixture.text)\n\n\(StreamFixture.finish)\n\n")
        #expect(releases.count == 1)
        try feed("\(StreamFixture.text)\n\n\(StreamFixture.usage)\n\n\(StreamFixture.done)\n\n")
        #expect(releases.dropFirst() == ["\(StreamFixture.text)\n\n", "\(StreamFixture.done)\n\n"])
        #expect(filter.isBetweenEvents)
    }

    @Test("After content, half an event waits for its end; where that never comes, it does not go out")
    func unfinished() throws {
        for asked in [true, false] {
            let filter = OpenAIStreamFilter(reader: self.reader, askedForUsage: asked)
            var output = 0
            let bytes = Array("\(StreamFixture.text)\n\ndata: {\"choices\"".utf8)
            try unsafe bytes.withUnsafeBytesThrowing { piece throws(StreamFault) in
                try unsafe filter.feed(piece) { output += $0.count }
            }
            #expect(output == bytes.count - 16 && filter.isBetweenEvents)
            let end = unsafe filter.finish { output += $0.count }
            #expect(end == .truncated && output == bytes.count - 16 && filter.isBetweenEvents)
            // A whole one that only lacks its blank line does.
            let text = "\(StreamFixture.text)\n\n\(StreamFixture.text)"
            let outcome = self.run(text, asked: asked)
            #expect(outcome.end == .truncated && outcome.output == Array(text.utf8))
        }
    }

    @Test("How a stream ends")
    func ends() {
        #expect(self.run("", asked: true).end == .noContent)
        #expect(self.run(": x\n\n\(StreamFixture.preamble)\n\n", asked: true).end == .noContent)
        #expect(self.run("\(StreamFixture.text)\n\n", asked: true).end == .truncated)
        #expect(self.run("\(StreamFixture.text)\n\n\(StreamFixture.finish)\n\n", asked: true).end == .complete)
        #expect(self.run("\(StreamFixture.text)\n\n\(StreamFixture.done)\n\n", asked: true).end == .complete)
        #expect(self.run("\(StreamFixture.text)\n\n\(StreamFixture.done)", asked: false).end == .complete)
        let error = self.run("data: {\"error\":{\"code\":1}}\n\n", asked: true)
        #expect(error.end == .complete && error.sawError)
        // A finish reason that is null or empty is none.
        let empty = #"data: {"choices":[{"delta":{"content":"x"},"finish_reason":""}]}"#
        #expect(self.run("\(empty)\n\n\(empty)\n\n", asked: true).end == .truncated)
        #expect(self.run("<html>not events</html>", asked: true) == Outcome(end: .noContent))
        // Cut off behind the answer, in the usage that the client asked for.
        for asked in [true, false] {
            let cut = "\(StreamFixture.text)\n\n\(StreamFixture.finish)\n\n\(StreamFixture.usage.dropLast(9))"
            #expect(self.run(cut, asked: asked).end == .truncated)
            #expect(self.run(cut + "\n\n\(StreamFixture.done)", asked: asked).end == .complete)
        }
        // Cut off in the middle of the last event.
        #expect(self.run("\(StreamFixture.text)\n\n\(StreamFixture.done.dropLast())", asked: true).end == .truncated)
    }

    @Test("Without [DONE] a stream is whole when each choice it has shown is finished")
    func choices() {
        func text(_ index: Int) -> String { #"data: {"choices":[{"index": \#(index),"delta":{"content":"x"}}]}\#n\#n"# }
        func finish(_ index: Int) -> String {
            #"data: {"choices":[{"finish_reason":"stop","delta":{},"index":\#(index)}]}\#n\#n"#
        }
        for (stream, end) in [
            (text(0) + text(1) + finish(0), ReplyStreamEnd.truncated),
            (text(0) + text(1) + finish(0) + finish(1), .complete), (text(0) + text(2) + finish(2), .truncated),
            (text(1) + finish(1), .complete), (text(0) + text(1) + finish(1) + finish(1), .truncated),
            (text(0) + text(1) + "data: [DONE]\n\n", .complete),
            // A tool call's index is no choice's.
            (
                text(0) + #"data: {"choices":[{"index":0,"delta":{"tool_calls":[{"index":1}]}}]}"# + "\n\n" + finish(0),
                .complete
            ),
            // Without an index it is the first.
            (text(0) + #"data: {"choices":[{"delta":{},"finish_reason":"stop"}]}"# + "\n\n", .complete),
        ] {
            for asked in [true, false] { #expect(self.run(stream, asked: asked).end == end, "\(stream)") }
        }
    }

    @Test("Garbage before content fails, and goes on failing; nothing was released")
    func garbage() {
        for text in ["data: {oops\n\n", "data: 7\n\n", "data: {} {}\n\n", "data: <html>\n\n", "data: [1]\n\n"] {
            let body = Array("\(StreamFixture.preamble)\n\n\(text)\(StreamFixture.text)\n\n".utf8)
            for pieces in [[body], Cuts.pieces(body, of: 1)] {
                #expect(self.run(pieces, asked: true) == Outcome())
            }
        }
    }

    @Test("Usage is found wherever providers put it, and the last one counts")
    func usage() {
        let text = StreamFixture.text + "\n\n"
        func usage(_ chunk: String) -> TokenUsage? { self.run(text + "data: \(chunk)\n\n", asked: true).usage }
        let expected = TokenUsage(input: 6, cacheRead: 3, output: 2, reasoning: 2)
        let object =
            #"{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13,"prompt_tokens_details":{"cached_tokens":3},"completion_tokens_details":{"reasoning_tokens":2}}"#
        #expect(usage(#"{"choices":[],"usage":\#(object)}"#) == expected)
        #expect(usage(#"{"choices":[{"delta":{},"finish_reason":"stop"}],"usage" : \#(object)}"#) == expected)
        #expect(usage(#"{"choices":[],"x_groq":{"id":"r","usage":\#(object)}}"#) == expected)
        #expect(usage(#"{"choices":[],"usage":null}"#) == nil)
        #expect(usage(#"{"choices":[],"usage":{}}"#) == nil)
        #expect(self.run([StreamFixture.all[8].body], asked: true).usage?.promptTokens == 9)
    }

    @Test("A long preamble is released as it is, bounded, with nothing lost")
    func longPreamble() {
        let whole = Array(String(repeating: "\(StreamFixture.preamble)\n\n", count: 100).utf8)
        let body = whole + Array("data: {\"cho".utf8)
        for asked in [true, false] {
            for size in [1, 100, 5000, body.count] {
                let outcome = self.run(Cuts.pieces(body, of: size), asked: asked, held: 1000)
                #expect(outcome.output == whole)
                #expect(outcome.end == .truncated)
            }
        }
    }

    @Test("An event longer than the bound passes unexamined; what follows is examined again")
    func oversizedEvent() {
        let long = #"data: {"choices":[{"delta":{"content":""# + String(repeating: "x", count: 5000) + "\"}}]}\n\n"
        let tail = "\(StreamFixture.usage)\n\n\(StreamFixture.done)\n\n"
        for head in ["\(StreamFixture.text)\n\n", ""] {
            let body = Array((head + long + tail).utf8)
            for asked in [true, false] {
                for size in [1, 7, 300, 1500] {
                    let outcome = self.run(Cuts.pieces(body, of: size), asked: asked, event: 1000)
                    #expect(outcome.output == (asked ? StreamOracle.withoutUsage(body) : body), "\(asked) \(size)")
                    #expect(outcome.sawDone && outcome.usage?.promptTokens == 9)
                }
            }
        }
    }
}

extension Array where Element == UInt8 {
    /// `withUnsafeBytes` for a body that throws one type of error.
    func withUnsafeBytesThrowing<Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        let result = unsafe self.withUnsafeBytes { buffer in
            Result { () throws(Failure) in unsafe try body(buffer) }
        }
        try result.get()
    }
}
