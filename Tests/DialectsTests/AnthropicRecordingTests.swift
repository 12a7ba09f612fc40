import Domain
import Foundation
import JSON
import Testing

@testable import Dialects

/// All recorded exchanges with Anthropic: what a client gets against a plain reading of what the provider sent.
@Suite(
    "Recorded replies of Anthropic's", .withRecordings)
struct AnthropicRecordingTests {
    private let reader = DialectReader()

    private func context(_ endpoint: Endpoint) -> TranslationContext {
        TranslationContext(
            endpoint: endpoint, row: ProviderTable.row(.anthropic), provider: "claude", isStream: true,
            wantsUsage: true, nonce: Array("n1".utf8))
    }

    /// What a stream becomes; nil as error where it has none.
    private func translate(_ pieces: [[UInt8]]) -> (output: [UInt8], usage: TokenUsage?, error: GatewayError?) {
        let context = self.context(.messages)
        let translator = StreamTranslator(
            AnthropicStreamDecoder(context), AnthropicStreamEncoder(context), reader: self.reader)
        var output: [UInt8] = []
        do throws(StreamFault) {
            for piece in pieces {
                try unsafe piece.withUnsafeBytesThrowing { piece throws(StreamFault) in
                    try unsafe translator.feed(piece) { unsafe output.append(contentsOf: $0) }
                }
            }
            _ = try unsafe translator.finish { unsafe output.append(contentsOf: $0) }
        } catch {
            guard case .provider(let error) = error else {
                Issue.record("\(error)")
                return (output, nil, nil)
            }
            return (output, translator.usage, error)
        }
        unsafe translator.conclude(usage: translator.usage, isEstimated: false) {
            unsafe output.append(contentsOf: $0)
        }
        return (output, translator.usage, nil)
    }

    private func check(_ usage: TokenUsage?, _ oracle: AnthropicOracle) {
        #expect(usage?.promptTokens == oracle.promptTokens)
        #expect(usage?.completionTokens == oracle.usage["output_tokens"])
        #expect(usage?.input == oracle.usage["input_tokens"])
        #expect(usage?.cacheRead == oracle.usage["cache_read_input_tokens"] ?? 0)
    }

    @Test("A stream that goes through the middle says the same", arguments: Recording.anthropicStreams)
    func streams(_ recording: Recording) {
        let expected = AnthropicOracle(stream: recording.body)
        let whole = self.translate([recording.body])
        var got = AnthropicOracle(stream: whole.output)
        #expect(got.isWellFormed)
        if let message = expected.error {
            #expect(whole.error?.message == String(decoding: message, as: UTF8.self))
            #expect(whole.error?.status == 529)
            #expect(got.text == expected.text)
            return
        }
        self.check(whole.usage, expected)
        #expect(got.usage.merging(expected.usage) { _, new in new } == got.usage)
        // What the client is told why it was refused stands in the text; a pause is the end for it.
        got.text = Array(got.text.prefix(expected.text.count))
        got.usage = expected.usage
        var wanted = expected
        wanted.explanation = nil
        wanted.isWellFormed = got.isWellFormed
        if wanted.stopReason?.elementsEqual("pause_turn".utf8) == true { wanted.stopReason = got.stopReason }
        #expect(got == wanted)
        for size in [1, 7, 1400] {
            #expect(self.translate(Cuts.pieces(recording.body, of: size)).output == whole.output)
        }
        #expect(self.translate(StreamOracle.events(recording.body)).output == whole.output)
    }

    @Test("A stream that passes keeps every byte", arguments: Recording.anthropicStreams)
    func filter(_ recording: Recording) throws {
        let expected = AnthropicOracle(stream: recording.body)
        for size in [1, 7, 1400, max(recording.body.count, 1)] {
            let filter = AnthropicStreamFilter(reader: self.reader)
            var output: [UInt8] = []
            for piece in Cuts.pieces(recording.body, of: size) {
                try unsafe piece.withUnsafeBytesThrowing { piece throws(StreamFault) in
                    try unsafe filter.feed(piece) { unsafe output.append(contentsOf: $0) }
                }
            }
            let end = unsafe filter.finish { unsafe output.append(contentsOf: $0) }
            #expect(output == recording.body && end == .complete)
            #expect(filter.sawError == (expected.error != nil))
            if expected.error == nil { self.check(filter.usage, expected) }
            #expect((filter.finish != .none) == (expected.stopReason != nil))
        }
    }

    @Test("A message that goes through the middle says the same", arguments: Recording.anthropicMessages)
    func messages(_ recording: Recording) throws {
        let parser = JSONReader()
        let expected = AnthropicOracle(message: try parser.read(recording.body, maximumBytes: 1 << 24))
        let reply = try ReplyTranslator.read(recording.body, self.context(.chatCompletions), reader: self.reader)
        self.check(reply.usage, expected)
        let passed = AnthropicUnaryReader.readReply(recording.body, reader: self.reader)
        #expect(passed?.usage == reply.usage && passed?.finish == reply.choices.first?.finish.reason)
        let body = ReplyTranslator.write(
            reply, usage: reply.usage, isEstimated: false, self.context(.messages))
        var got = AnthropicOracle(message: try parser.read(body, maximumBytes: 1 << 24))
        got.text = Array(got.text.prefix(expected.text.count))
        var wanted = expected
        wanted.explanation = nil
        if wanted.stopReason?.elementsEqual("pause_turn".utf8) == true { wanted.stopReason = got.stopReason }
        got.usage = got.usage.filter { wanted.usage[$0.key] != nil }
        #expect(got == wanted)
    }

    // MARK: At OpenAI's door

    private func compare(_ heard: HeardReply, _ expected: AnthropicOracle) {
        let choice = heard.choices[0] ?? HeardReply.Choice()
        #expect(choice.text == expected.text && choice.thinking == expected.thinking)
        #expect(choice.calls.map(\.id) == expected.calls.map(\.id))
        #expect(choice.calls.map(\.name) == expected.calls.map(\.name))
        #expect(choice.calls.map(\.value) == expected.calls.map(\.input))
        for (call, recorded) in zip(choice.calls, expected.calls) where recorded.input == nil {
            #expect(call.arguments == recorded.raw)
        }
        #expect(choice.refusal == expected.explanation ?? [])
        let reasons = [
            "end_turn": "stop", "stop_sequence": "stop", "pause_turn": "stop", "max_tokens": "length",
            "tool_use": "tool_calls", "refusal": "content_filter",
        ]
        let reason = String(decoding: expected.stopReason ?? [], as: UTF8.self)
        #expect(reasons[reason].map { Array($0.utf8) } == choice.finish)
        #expect(heard.prompt == expected.promptTokens && heard.completion == expected.usage["output_tokens"])
    }

    @Test("A stream at OpenAI's door says the same, however it is cut", arguments: Recording.anthropicStreams)
    func streamsAtOpenAIsDoor(_ recording: Recording) throws {
        let expected = AnthropicOracle(stream: recording.body)
        let context = TranslatedStream.context(.anthropic, wantsUsage: true)
        let stream = TranslatedStream([recording.body], context, reader: self.reader)
        for pieces in [StreamOracle.events(recording.body)] + [1, 7, 1400].map({ Cuts.pieces(recording.body, of: $0) })
        {
            #expect(TranslatedStream(pieces, context, reader: self.reader) == stream)
        }
        #expect(stream.releasesAreWhole)
        guard expected.error == nil else {
            guard case .provider(let error) = stream.fault else {
                Issue.record("\(String(describing: stream.fault))")
                return
            }
            #expect(error.status == 529)
            return
        }
        #expect(stream.end == .complete && stream.payloads.last == "[DONE]")
        var heard = HeardReply()
        var ids: Set<[UInt8]> = []
        var seals: [[UInt8]] = []
        for event in StreamOracle.events(Array(stream.text.utf8)) {
            guard let chunk = StreamOracle.json(event) else { continue }
            heard.hear(chunk, isStream: true)
            ids.insert(chunk["id"]?.string ?? [])
            for block in chunk["choices"]?.array?.first?["delta"]?["thinking_blocks"]?.array ?? [] {
                if let seal = block["signature"]?.string { seals.append(seal) }
            }
        }
        self.compare(heard, expected)
        #expect(ids == [expected.id] && seals == expected.signatures)
    }

    @Test("A message at OpenAI's door says the same", arguments: Recording.anthropicMessages)
    func messagesAtOpenAIsDoor(_ recording: Recording) throws {
        let parser = JSONReader()
        let expected = AnthropicOracle(message: try parser.read(recording.body, maximumBytes: 1 << 24))
        let context = TranslatedStream.context(.anthropic)
        let reply = try ReplyTranslator.read(recording.body, context, reader: self.reader)
        let body = ReplyTranslator.write(reply, usage: reply.usage, isEstimated: false, context)
        var heard = HeardReply()
        heard.hear(try parser.read(body, maximumBytes: 1 << 24), isStream: false)
        self.compare(heard, expected)
    }

    @Test("They are there")
    func count() {
        print(
            "recorded replies of Anthropic's: \(Recording.anthropicStreams.count) streams, \(Recording.anthropicMessages.count) messages"
        )
        #expect(Recording.anthropicStreams.count >= 15 && Recording.anthropicMessages.count >= 13)
    }
}
