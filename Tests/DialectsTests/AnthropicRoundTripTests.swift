import Domain
import JSON
import TestSupport
import Testing

@testable import Dialects

@Suite("Anthropic's requests, there and back")
struct AnthropicRoundTripTests {
    private func roundTrip(_ conversation: Conversation) throws -> (String, Conversation) {
        let body = try AnthropicDoor.write(conversation, AnthropicDoor.context())
        return (body, try AnthropicDoor.read(body))
    }

    @Test("What the middle names comes back")
    func generated() throws {
        var random = SplitMix(seed: 1)
        for _ in 0..<500 {
            let conversation = RandomConversation.make(&random)
            let (body, back) = try self.roundTrip(conversation)
            guard back == conversation else {
                #expect(back == conversation, "\(body)")
                return
            }
        }
    }

    @Test(
        "Recorded requests are read, written again and read as the same",
        .withRecordings, arguments: Recording.messageRequests)
    func recordings(_ recording: Recording) throws {
        let context = AnthropicDoor.context()
        let read = try AnthropicRequestReader.read(recording.request, context)
        let (_, back) = try self.roundTrip(read)
        #expect(back.tools == read.tools.map(self.withoutLaxity))
        #expect(back.reasoning == read.reasoning)
        #expect(back.format == read.format)
        #expect(back.extras == read.extras)
        #expect(back.sampling == read.sampling)
        let (_, again) = try self.roundTrip(back)
        #expect(again == back)
    }

    /// `strict: false` is what a tool without the member is.
    private func withoutLaxity(_ tool: ToolDefinition) -> ToolDefinition {
        guard case .function(var function) = tool, function.isStrict == false else { return tool }
        function.isStrict = nil
        return .function(function)
    }

    @Test(
        "Recorded counts of tokens are read",
        .withRecordings, arguments: Recording.countRequests)
    func counts(_ recording: Recording) throws {
        let read = try AnthropicRequestReader.read(recording.request, AnthropicDoor.context(.countTokens))
        #expect(PromptSize.bytes(read) > 16)
    }

    @Test("There are recordings", .withRecordings)
    func recordingsArePresent() {
        #expect(Recording.messageRequests.count >= 20)
        #expect(Recording.countRequests.count >= 3)
    }
}
