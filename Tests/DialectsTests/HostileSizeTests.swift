import Domain
import Glibc
import JSON
import TestSupport
import Testing

@testable import Dialects

/// Bodies and streams that are small for what they would have the gateway do.
@Suite("Work and memory that a client or a provider cannot multiply")
struct HostileSizeTests {
    /// By the time that this thread had a processor, as the machine may be busy with other things.
    private func isQuick(_ body: () throws -> Void) rethrows -> Bool {
        func seconds() -> Int {
            var time = timespec()
            _ = unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return time.tv_sec
        }
        let start = seconds()
        try body()
        // Sanitizers make everything many times slower, and what grows with the square hundreds of times.
        let isSanitized = unsafe getenv("ASAN_OPTIONS") != nil || getenv("TSAN_OPTIONS") != nil
        return seconds() - start < (isSanitized ? 100 : 10)
    }

    @Test("One image, named many times, does not become many times its size", arguments: [true, false])
    func repeatedImage(isAnthropic: Bool) throws {
        let part =
            isAnthropic
            ? #"{"type":"image","source":{"type":"url","url":"https://h/a.png"}}"#
            : #"{"type":"image_url","image_url":{"url":"https://h/a.png"}}"#
        func pending(_ count: Int) throws -> PendingRequest? {
            let parts = Array(repeating: part, count: count).joined(separator: ",")
            let body = #"{"model":"m","max_tokens":5,"messages":[{"role":"user","content":[\#(parts)]}]}"#
            let fixture = RequestFixture(isAnthropic ? .messages : .chatCompletions, to: .ollama, fetches: true)
            guard case .needsImages(let pending) = try fixture.request(body) else { return nil }
            return pending
        }
        let image = FetchedImage(mediaType: Array("image/png".utf8), bytes: [UInt8](repeating: 7, count: 5 << 20))
        let few = try #require(try pending(4))
        #expect(try few.body([image]).count > 4 * 6 << 20)
        let many = try #require(try pending(2_000))
        do throws(GatewayError) {
            _ = try many.body([image])
            Issue.record("it was made")
        } catch {
            #expect(error.status == 413 && error.source == .client)
        }
    }

    @Test("A message of very many images costs no square of them")
    func manyImages() throws {
        let part = #"{"type":"image","source":{"type":"url","url":"https://h/a.png"}}"#
        let parts = Array(repeating: part, count: 30_000).joined(separator: ",")
        let body = #"{"model":"m","max_tokens":5,"messages":[{"role":"user","content":[\#(parts)]}]}"#
        #expect(try self.isQuick { _ = try RequestFixture(.messages, to: .groq).body(body) })
    }

    @Test("A member that occurs very often costs no square of its number")
    func manyMembers() throws {
        let seeds = String(repeating: #""seed":1,"#, count: 30_000)
        let body = #"{\#(seeds)"messages":[{"role":"user","content":"hi"}]}"#
        #expect(try self.isQuick { _ = try RequestFixture(to: .mistral).body(body) })
        let closed = String(repeating: #""additionalProperties":true,"#, count: 30_000)
        let schema = try RequestFixture.tree(#"{\#(closed)"properties":{}}"#)
        #expect(self.isQuick { _ = AnthropicSchema.fitted(schema) })
    }

    // MARK: Streams

    private func stream(_ events: [String], _ endpoint: Endpoint = .chatCompletions, _ dialect: Dialect = .groq)
        -> TranslatedStream
    {
        let context = RequestFixture(endpoint, to: dialect).context
        return TranslatedStream([events.flatMap { Array("data: \($0)\n\n".utf8) }], context)
    }

    @Test("Choices without numbers are no more than choices with them")
    func manyChoices() {
        let choices = Array(repeating: #"{"delta":{"content":"x"}}"#, count: 129).joined(separator: ",")
        #expect(self.stream([#"{"choices":[\#(choices)]}"#]).fault == .invalidResponse)
    }

    @Test(
        "Members without number cost neither their square nor more memory than they are worth",
        arguments: [Endpoint.chatCompletions, .messages])
    func manyExtras(_ endpoint: Endpoint) {
        let members = (0..<20_000).map { #""m\#($0)":1"# }.joined(separator: ",")
        let events = [
            #"{"choices":[{"index":0,"delta":{"content":"x",\#(members)}}],\#(members)}"#,
            #"{"choices":[{"index":0,"delta":{},"finish_reason":"stop",\#(members)}]}"#, "[DONE]",
        ]
        var end: ReplyStreamEnd?
        #expect(self.isQuick { end = self.stream(events, endpoint).end })
        #expect(end == .complete)
    }

    @Test("What nothing is written for waits in bounds")
    func waitingExtras() {
        var frame = ChunkFrame(RequestFixture(to: .groq).context, object: "o")
        for number in 0..<200 {
            frame.take(RawMember(key: Array("m\(number)".utf8), value: [UInt8](repeating: 0x31, count: 1 << 20)))
        }
        var output: [UInt8] = []
        frame.write(into: &output) { _ in }
        #expect(output.count < 9 << 20)
        var encoder = CompletionStreamEncoder(RequestFixture(.completions, to: .groq).context)
        output = []
        for number in 0..<200 {
            encoder.encode(
                .choiceExtra(choice: 0, RawMember(key: Array("m\(number)".utf8), value: [0x31])), into: &output)
        }
        #expect(!output.isEmpty)
    }

    @Test("Blocks that wait are bounded in number, and odd arguments in all")
    func manyBlocks() {
        var queue = AnthropicBlockQueue()
        var steps: [AnthropicBlockQueue.Step] = []
        queue.begin(.tool(call: 0, id: [], name: []), into: &steps)
        #expect(
            self.isQuick {
                for _ in 0..<100_000 {
                    queue.add(.text([0x78]), into: &steps)
                    queue.add(.thinking([0x78]), into: &steps)
                }
            })
        queue = AnthropicBlockQueue(maximumWaitingBytes: 64 << 10)
        steps = []
        for call in 0..<40 {
            queue.begin(.tool(call: call, id: [], name: []), into: &steps)
            queue.addInput([UInt8](repeating: 0x78, count: 32 << 10), call: call, into: &steps)
        }
        queue.end(into: &steps)
        let bytes = steps.reduce(0) { sum, step in
            if case .piece(.input(let input)) = step { sum + input.count } else { sum }
        }
        #expect(bytes > 32 << 10 && steps.filter { $0 == .stop }.count == 40)
    }
}
