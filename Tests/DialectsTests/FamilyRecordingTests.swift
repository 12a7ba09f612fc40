import Dialects
import Domain
import JSON
import TestSupport
import Testing

/// Recorded answers in OpenAI's shapes, at both front doors, against an independent reading of the recording.
@Suite(
    "Recorded replies in OpenAI's shapes", .withRecordings)
struct FamilyRecordingTests {
    /// Chats and old completions that went well.
    private static let chats = Recording.all.filter {
        $0.status == 200 && ($0.api == "chat.completions" || $0.api == "completions")
    }

    /// Providers without a row of their own go by that of a server that says what it likes.
    private static func dialect(_ chat: Recording) -> Dialect {
        chat.dialect.flatMap { $0 == .anthropic ? nil : $0 } ?? .litellm
    }

    private static func heard(_ chat: Recording) -> HeardReply {
        var heard = HeardReply()
        if chat.isStream {
            for event in StreamOracle.events(chat.body) {
                if let tree = StreamOracle.json(event) { heard.hear(tree, isStream: true) }
            }
        } else if let tree = try? JSONReader().read(chat.body, maximumBytes: 64 << 20) {
            heard.hear(tree, isStream: false)
        }
        return heard
    }

    private static func cuts(_ body: [UInt8]) -> [[[UInt8]]] {
        var random = SplitMix(seed: 26)
        var rest = body[...]
        var pieces: [[UInt8]] = []
        while !rest.isEmpty {
            let length = min(rest.count, Int.random(in: 1...700, using: &random))
            pieces.append(Array(rest.prefix(length)))
            rest = rest.dropFirst(length)
        }
        return [StreamOracle.events(body), pieces, Cuts.pieces(body, of: 1)]
    }

    private let reader = DialectReader()

    @Test("Streams, however they are cut", arguments: Self.chats.filter(\.isStream))
    func streams(_ chat: Recording) throws {
        let recorded = Self.heard(chat)
        let cuts = Self.cuts(chat.body)
        for endpoint in [Endpoint.chatCompletions, .messages] {
            let context = TranslatedStream.context(Self.dialect(chat), endpoint, wantsUsage: true)
            let stream = TranslatedStream([chat.body], context, reader: self.reader)
            for pieces in cuts { #expect(TranslatedStream(pieces, context, reader: self.reader) == stream) }
            if recorded.hasError {
                guard case .provider = stream.fault else {
                    Issue.record("\(String(describing: stream.fault))")
                    continue
                }
                continue
            }
            #expect(stream.fault == nil)
            #expect(stream.end == .complete)
            #expect(stream.releasesAreWhole)
            if endpoint == .messages {
                let events = StreamOracle.events(Array(stream.text.utf8)).compactMap(StreamOracle.json)
                Self.compare(message: HeardReply.message(events: events), recorded)
            } else {
                Self.compare(try HeardReply(strictly: stream), recorded)
            }
        }
    }

    @Test("Whole replies", arguments: Self.chats.filter { !$0.isStream })
    func whole(_ chat: Recording) throws {
        let recorded = Self.heard(chat)
        for endpoint in [Endpoint.chatCompletions, .messages] {
            let context = TranslatedStream.context(Self.dialect(chat), endpoint)
            let reply = try ReplyTranslator.read(chat.body, context, reader: self.reader)
            let body = ReplyTranslator.write(reply, usage: reply.usage, isEstimated: false, context)
            let tree = try JSONReader().read(body, maximumBytes: 64 << 20)
            if endpoint == .messages {
                Self.compare(message: HeardReply.message(tree), recorded)
            } else {
                var heard = HeardReply()
                heard.hear(tree, isStream: false)
                Self.compare(heard, recorded)
            }
        }
    }

    // MARK: Comparisons

    private static func compare(_ heard: HeardReply, _ recorded: HeardReply) {
        var recorded = recorded
        for index in recorded.choices.keys {
            if recorded.choices[index]?.finish.elementsEqual("eos".utf8) == true {
                recorded.choices[index]?.finish = Array("stop".utf8)
            }
        }
        #expect(heard == recorded)
    }

    private static func compare(message heard: HeardReply, _ recorded: HeardReply) {
        guard let mine = heard.choices[0], let theirs = recorded.choices[0] else {
            Issue.record("no message")
            return
        }
        #expect(mine.text == theirs.text + theirs.refusal)
        #expect(mine.thinking == theirs.thinking)
        guard theirs.functionCall == nil else { return }
        #expect(mine.calls.map(\.id) == theirs.calls.map(\.id))
        #expect(mine.calls.map(\.name) == theirs.calls.map(\.name))
        #expect(mine.calls.map(\.value) == theirs.calls.map(\.value))
        let words = ["stop": "end_turn", "eos": "end_turn", "length": "max_tokens", "content_filter": "refusal"]
        let finish = String(decoding: theirs.finish, as: UTF8.self)
        let expected = theirs.calls.isEmpty ? words[finish] : "tool_use"
        // OpenAI says no more of a refusal than that the model stopped.
        #expect(String(decoding: mine.finish, as: UTF8.self) == expected || !theirs.refusal.isEmpty)
        #expect(heard.prompt == recorded.prompt ?? heard.prompt)
        #expect(heard.completion == recorded.completion ?? heard.completion)
    }
}
