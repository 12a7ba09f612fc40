import Domain
import IPC
import Platform
import Testing

@testable import UpstreamWorker

/// The simulated provider through the same exchanges as a real one.
@Suite(.serialized)
struct SimulatedCallTests {
    private func bench(delay: UInt32 = 0, tokensPerSecond: UInt32 = 0) throws -> WorkerBench {
        try WorkerBench([
            ProviderSettings(name: "simulated", kind: .simulated(delay: delay, tokensPerSecond: tokensPerSecond))
        ])
    }

    private static let members = #""model":"m","messages":[{"role":"user","content":"Hello"}]"#

    @Test
    func answersWholeAndStreamedAndEmbeds() throws {
        let bench = try self.bench()
        let whole = bench.request("{\(Self.members)}")
        let streamed = bench.request(
            "{\(Self.members),\"stream\":true,\"stream_options\":{\"include_usage\":true}}", isStream: true,
            askedForUsage: true)
        let embedded = bench.request(#"{"model":"e","input":"a"}"#, endpoint: .embeddings)
        let refused = bench.request("{\"model\":\"m\"}")
        let all = [whole, streamed, embedded, refused]
        #expect(try bench.run { all.allSatisfy { bench.reply($0).end != nil } })
        #expect(all.allSatisfy { bench.reply($0).end?.failure == nil })
        #expect(bench.reply(whole).head?.status == 200)
        #expect(bench.reply(whole).end?.usage == bench.reply(streamed).end?.usage)
        #expect(bench.reply(streamed).head?.isStream == true)
        #expect(bench.reply(streamed).text.hasSuffix("data: [DONE]\n\n"))
        // Nobody but Sluice asked for the usage chunk.
        #expect(!bench.reply(streamed).text.contains("total_tokens"))
        #expect(bench.reply(embedded).end?.usage == TokenUsage(input: 1, output: 0))
        #expect(bench.reply(refused).head?.status == 400)
    }

    @Test
    func keepsItsPace() throws {
        let bench = try self.bench(delay: 30, tokensPerSecond: 200)
        let start = Clocks.monotonicNanoseconds()
        let stream = bench.request("{\(Self.members),\"stream\":true,\"max_tokens\":11}", isStream: true)
        #expect(try bench.run { bench.reply(stream).chunks > 0 })
        #expect(Clocks.monotonicNanoseconds() - start >= 29_000_000)
        #expect(try bench.run { bench.reply(stream).end != nil })
        // Ten intervals of 5 ms lie between eleven tokens.
        #expect(Clocks.monotonicNanoseconds() - start >= 79_000_000)
        #expect(bench.reply(stream).chunks >= 5)
        let whole = Clocks.monotonicNanoseconds()
        let unary = bench.request("{\(Self.members),\"max_tokens\":10}")
        #expect(try bench.run { bench.reply(unary).end != nil })
        #expect(Clocks.monotonicNanoseconds() - whole >= 79_000_000)
    }

    @Test
    func waitsForASlowClient() throws {
        let bench = try self.bench()
        bench.returnsCredit = false
        let stream = bench.request("{\(Self.members),\"stream\":true,\"n\":100}", isStream: true)
        #expect(try bench.run { bench.reply(stream).body.count == WireLimits.replyWindow })
        try bench.settle()
        #expect(bench.reply(stream).end == nil)
        bench.returnsCredit = true
        bench.credit(stream, WireLimits.replyWindow)
        #expect(try bench.run { bench.reply(stream).end != nil })
        #expect(bench.reply(stream).end?.failure == nil)
        #expect(bench.reply(stream).text.hasSuffix("data: [DONE]\n\n"))
        let large = bench.request("{\"model\":\"e\",\"input\":\"a\",\"dimensions\":4096}", endpoint: .embeddings)
        let many = (0..<40).map { _ in "\"a\"" }.joined(separator: ",")
        let larger = bench.request("{\"model\":\"e\",\"input\":[\(many)]}", endpoint: .embeddings)
        #expect(try bench.run { bench.reply(large).end != nil && bench.reply(larger).end != nil })
        #expect(bench.reply(larger).end?.failure == nil)
        #expect(bench.reply(larger).text.hasSuffix("}"))
        #expect(bench.reply(larger).body.count > 256 << 10)
    }

    @Test
    func stopsWhenCancelled() throws {
        let bench = try self.bench(delay: 5, tokensPerSecond: 100)
        let stream = bench.request("{\(Self.members),\"stream\":true}", isStream: true)
        #expect(try bench.run { bench.reply(stream).chunks > 0 })
        bench.cancel(stream)
        #expect(try bench.run { bench.services.active == 0 })
        let chunks = bench.reply(stream).chunks
        let other = bench.request("{\(Self.members),\"max_tokens\":5}")
        #expect(try bench.run { bench.reply(other).end != nil })
        #expect(bench.reply(stream).chunks == chunks)
        #expect(bench.reply(stream).end?.failure?.code == "cancelled")
        #expect(bench.reply(stream).ends == 1)
    }
}
