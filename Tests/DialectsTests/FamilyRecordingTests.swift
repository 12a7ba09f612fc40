import Dialects
import Domain
import Foundation
import JSON
import TestSupport
import Testing

/// Recorded answers in OpenAI's shapes, at both front doors, against an independent reading of the recording.
@Suite(
    "Recorded replies in OpenAI's shapes", .enabled(if: Recording.arePresent, "the recorded exchanges are not there"))
struct FamilyRecordingTests {
    struct Chat: CustomStringConvertible, Sendable {
        var name: String
        var dialect: Dialect
        var body: [UInt8]
        var isStream: Bool
        var isCompletion: Bool

        var description: String { self.name }

        /// What was recorded; providers without a row of their own go by that of a server that says what it likes.
        static let all: [Chat] = {
            let files = (try? FileManager.default.contentsOfDirectory(atPath: Recording.folder.path)) ?? []
            return files.sorted().compactMap { file in
                guard
                    file.hasSuffix(".json"),
                    let data = try? Data(contentsOf: Recording.folder.appendingPathComponent(file)),
                    let tree = try? JSONReader().read([UInt8](data), maximumBytes: 64 << 20),
                    let api = tree["api"]?.string.map({ String(decoding: $0, as: UTF8.self) }),
                    api == "chat.completions" || api == "completions",
                    let provider = tree["provider"]?.string.map({ String(decoding: $0, as: UTF8.self) }),
                    let response = tree["response"], response["status"]?.integer == 200,
                    let encoded = response["body_base64"]?.string, let body = Data(base64Encoded: Data(encoded))
                else { return nil }
                let dialect = Dialect.allCases.first { $0.name == provider && $0 != .anthropic } ?? .litellm
                return Chat(
                    name: file, dialect: dialect, body: [UInt8](body), isStream: tree["stream"] == .bool(true),
                    isCompletion: api == "completions")
            }
        }()

        var heard: HeardReply {
            var heard = HeardReply()
            if self.isStream {
                for event in StreamOracle.events(self.body) {
                    if let tree = StreamOracle.json(event) { heard.hear(tree, isStream: true) }
                }
            } else if let tree = try? JSONReader().read(self.body, maximumBytes: 64 << 20) {
                heard.hear(tree, isStream: false)
            }
            return heard
        }

        func pieces(_ random: inout SplitMix) -> [[[UInt8]]] {
            var rest = self.body[...]
            var pieces: [[UInt8]] = []
            while !rest.isEmpty {
                let length = min(rest.count, Int.random(in: 1...700, using: &random))
                pieces.append(Array(rest.prefix(length)))
                rest = rest.dropFirst(length)
            }
            return [StreamOracle.events(self.body), pieces, Cuts.pieces(self.body, of: 1)]
        }
    }

    private let reader = DialectReader()

    @Test("Streams, however they are cut", arguments: Chat.all.filter(\.isStream))
    func streams(_ chat: Chat) throws {
        let recorded = chat.heard
        var random = SplitMix(seed: 26)
        let cuts = chat.pieces(&random)
        for endpoint in [Endpoint.chatCompletions, .messages] {
            let context = TranslatedStream.context(chat.dialect, endpoint, wantsUsage: true)
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

    @Test("Whole replies", arguments: Chat.all.filter { !$0.isStream })
    func whole(_ chat: Chat) throws {
        let recorded = chat.heard
        for endpoint in [Endpoint.chatCompletions, .messages] {
            let context = TranslatedStream.context(chat.dialect, endpoint)
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
