import Domain
import JSON
import TestSupport
import Testing

@testable import Dialects

/// Bodies and streams that are small for what they would have the gateway do.
@Suite("Work and memory that a client or a provider cannot multiply")
struct HostileSizeTests {
    private func isQuick(_ body: () throws -> Void) rethrows -> Bool {
        let clock = ContinuousClock()
        let start = clock.now
        try body()
        return clock.now - start < .seconds(10)
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
        let parts = Array(repeating: part, count: 60_000).joined(separator: ",")
        let body = #"{"model":"m","max_tokens":5,"messages":[{"role":"user","content":[\#(parts)]}]}"#
        #expect(try self.isQuick { _ = try RequestFixture(.messages, to: .groq).body(body) })
    }

    @Test("A member that occurs very often costs no square of its number")
    func manyMembers() throws {
        let seeds = String(repeating: #""seed":1,"#, count: 60_000)
        let body = #"{\#(seeds)"messages":[{"role":"user","content":"hi"}]}"#
        #expect(try self.isQuick { _ = try RequestFixture(to: .mistral).body(body) })
        let closed = String(repeating: #""additionalProperties":true,"#, count: 60_000)
        let schema = try RequestFixture.tree(#"{\#(closed)"properties":{}}"#)
        #expect(self.isQuick { _ = AnthropicSchema.fitted(schema) })
    }
}
