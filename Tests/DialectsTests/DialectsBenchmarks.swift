import Dialects
import Domain
import Foundation
import Testing

/// Prints nanoseconds, asserts nothing about them; only where SLUICE_BENCH is set.
@Suite(
    "Benchmarks", .enabled(if: ProcessInfo.processInfo.environment["SLUICE_BENCH"] != nil, "SLUICE_BENCH is not set"))
struct DialectsBenchmarks {
    @Test("Stream filter, one event a piece")
    func filter() throws {
        let event = Array(
            (#"data: {"id":"chatcmpl-CoDWyp2E1BNuDrOa4ZTIteBKS3LkS","object":"chat.completion.chunk","created":1766084448,"model":"gpt-4o-2024-08-06","service_tier":"default","system_fingerprint":"fp_1","choices":[{"index":0,"delta":{"content":" word"},"logprobs":null,"finish_reason":null}],"usage":null,"obfuscation":"abc"}"#
                + "\n\n").utf8)
        let reader = OpenAIReplyReader()
        for asked in [true, false] {
            let filter = OpenAIStreamFilter(reader: reader, askedForUsage: asked)
            var released = 0
            let rounds = 100_000
            let elapsed = unsafe event.withUnsafeBytes { piece in
                ContinuousClock().measure {
                    for _ in 0..<rounds { try? unsafe filter.feed(piece) { released += $0.count } }
                }
            }
            #expect(released == rounds * event.count)
            print("filter, asked \(asked), event of \(event.count) B: \(elapsed / rounds)")
        }
    }

    @Test("Classification of one event")
    func classify() {
        let event = Array((StreamFixture.usage + "\n\n").utf8)
        let reader = OpenAIReplyReader()
        var prompt: Int64 = 0
        let rounds = 100_000
        let elapsed = unsafe event.withUnsafeBytes { raw in
            ContinuousClock().measure {
                for _ in 0..<rounds { prompt += unsafe reader.classify(raw).usage?.promptTokens ?? 0 }
            }
        }
        #expect(prompt == 9 * Int64(rounds))
        print("classify the usage chunk (\(event.count) B): \(elapsed / rounds)")
    }
}
