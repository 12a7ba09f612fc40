import Dialects
import Domain
import HTTPClient
import IPC
import Testing

@testable import UpstreamWorker

/// Replies of Anthropic's that pass as they are; and those of OpenAI's that are no chats.
@Suite
struct ExchangeMachineAnthropicTests {
    private func bench(isStream: Bool = false) -> MachineBench {
        let bench = MachineBench(
            isStream: isStream, dialect: ReplyDialect(passing: .anthropic, reader: DialectReader()))
        bench.head(200, isStream ? MachineBench.events : MachineBench.json)
        return bench
    }

    @Test
    func aStreamPassesUnchangedWhereverItIsCut() {
        let bytes = Array(AnthropicText.stream.utf8)
        for split in 1..<bytes.count {
            let bench = self.bench(isStream: true)
            bench.data(Array(bytes[..<split]))
            bench.data(Array(bytes[split...]))
            bench.ended()
            #expect(bench.output.body == AnthropicText.stream)
            #expect(bench.output.end?.failure == nil)
            #expect(bench.output.end?.usage == TokenUsage(input: 9, output: 2))
            #expect(bench.output.end?.finish == .stop)
        }
    }

    @Test
    func aStreamThatIsCutIsNotWhole() {
        for kind in [HTTPClientError.Kind.resetInReply, nil] {
            let bench = self.bench(isStream: true)
            bench.data(AnthropicText.start + AnthropicText.blockStart + AnthropicText.text("Hi"))
            bench.ended(kind)
            #expect(bench.output.end?.failure != nil)
            let silent = self.bench(isStream: true)
            silent.data(AnthropicText.start)
            silent.ended(kind)
            #expect(silent.output.shape == "e" && silent.output.end?.failure?.status == 502)
        }
    }

    @Test
    func aSilentStreamIsCommentedBetweenEvents() {
        let bench = self.bench(isStream: true)
        let begin = AnthropicText.start + AnthropicText.blockStart + AnthropicText.text("Hi")
        bench.data(begin)
        #expect(bench.passDeadline() == .proceed)
        #expect(bench.output.body == begin + ": keep-alive\n\n")
        // Half an event waits for its end, so that a comment may go before it.
        bench.data("event: content_block")
        #expect(bench.machine.deadline == bench.now + 15 * MachineBench.second)
        #expect(bench.passDeadline() == .proceed)
        #expect(bench.output.body == begin + ": keep-alive\n\n: keep-alive\n\n")
    }

    @Test
    func aLargeReplysUsageAndFinishAreFound() throws {
        let bench = self.bench()
        let reply = AnthropicText.reply(String(repeating: "a", count: 300 << 10))
        bench.data(reply)
        bench.ended()
        while bench.output.end == nil { _ = try bench.credit(16 << 10) }
        #expect(bench.output.body == reply)
        #expect(bench.output.end?.usage == TokenUsage(input: 9, output: 2))
        #expect(bench.output.end?.finish == .stop)
    }

    @Test
    func errorsPassAsTheyAre() {
        let bench = MachineBench(dialect: ReplyDialect(passing: .anthropic, reader: DialectReader()))
        let error = #"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#
        bench.head(529)
        bench.data(error)
        bench.ended()
        #expect(bench.output.head?.status == 529 && bench.output.body == error)
        let page = MachineBench(dialect: ReplyDialect(passing: .anthropic, reader: DialectReader()))
        page.head(500)
        page.data("<html>")
        page.ended()
        #expect(page.output.end?.failure?.status == 500)
    }

    /// Image generation has names of its own for its tokens.
    @Test(arguments: [0, 300 << 10])
    func theTokensOfImagesAreRead(_ size: Int) throws {
        let bench = MachineBench()
        bench.head(200)
        bench.data(#"{"created":1,"data":[{"b64_json":""# + String(repeating: "A", count: size) + #""}],"#)
        bench.data(
            #""usage":{"input_tokens":50,"input_tokens_details":{"image_tokens":40,"text_tokens":10},"#
                + #""output_tokens":60,"total_tokens":110}}"#)
        bench.ended()
        while bench.output.end == nil { _ = try bench.credit(16 << 10) }
        #expect(bench.output.end?.usage == TokenUsage(input: 10, output: 60, image: 40))
    }
}
