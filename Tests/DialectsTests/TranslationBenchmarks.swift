import Dialects
import Domain
import Foundation
import Testing

/// Prints nanoseconds of CPU per event, asserts nothing about them; only where SLUICE_BENCH is set.
@Suite(
    "Translation benchmarks",
    .enabled(if: ProcessInfo.processInfo.environment["SLUICE_BENCH"] != nil, "SLUICE_BENCH is not set"))
struct TranslationBenchmarks {
    static let events: [(String, Dialect, String)] = [
        (
            "DeepSeek text", .deepseek,
            #"{"id":"3b5d0a1e-7f43-4a4e-a0ad-2f2b8f0f2f2b","object":"chat.completion.chunk","created":1766084448,"model":"deepseek-chat","system_fingerprint":"fp_1","choices":[{"index":0,"delta":{"content":" word"},"logprobs":null,"finish_reason":null}],"usage":null}"#
        ),
        (
            "Azure text with filter results", .azure,
            #"{"choices":[{"content_filter_results":{"hate":{"filtered":false,"severity":"safe"},"self_harm":{"filtered":false,"severity":"safe"},"sexual":{"filtered":false,"severity":"safe"},"violence":{"filtered":false,"severity":"safe"}},"delta":{"content":" moves"},"finish_reason":null,"index":0,"logprobs":null}],"created":1774963455,"id":"chatcmpl-DPTMl2XZZPALAySsKJmbcrNHvVn1C","model":"gpt-4.1-mini-2025-04-14","obfuscation":"PmMqTqaz0E","object":"chat.completion.chunk","system_fingerprint":"fp_b6f445fc1c"}"#
        ),
        (
            "Mistral thoughts", .mistral,
            #"{"id":"7bfa9194c90e44c5a0efa6c6efa474cd","object":"chat.completion.chunk","created":1787150315,"model":"mistral-small-latest","choices":[{"index":0,"delta":{"content":[{"type":"thinking","thinking":[{"type":"text","text":" the"}]}]},"finish_reason":null}],"p":"abcdefghijklmno"}"#
        ),
        (
            "vLLM arguments", .vllm,
            #"{"id":"chatcmpl-7bfa9194c90e44c5a0efa6c6efa474cd","object":"chat.completion.chunk","created":1787150315,"model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"call_1","type":"function","function":{"name":"f","arguments":"{\"a\""}}]},"logprobs":null,"finish_reason":null}]}"#
        ),
    ]

    @Test("Family to OpenAI and Anthropic", arguments: Self.events)
    func family(_ name: String, _ dialect: Dialect, _ payload: String) throws {
        let event = Array("data: \(payload)\n\n".utf8)
        for endpoint in [Endpoint.chatCompletions, .messages] {
            let rounds = 200_000
            // Eight events a piece, as a busy loop gets them, and one.
            for count in [1, 8] {
                let stream = TranslatedStream.context(dialect, endpoint, wantsUsage: true)
                    .stream(askedForUsage: false, reader: DialectReader())
                let piece = [[UInt8]](repeating: event, count: count).flatMap(\.self)
                var released = 0
                let allocations = Self.allocations()
                let start = Self.cpu()
                try unsafe piece.withUnsafeBytes { piece in
                    for _ in 0..<rounds / count { try unsafe stream.feed(piece) { released += $0.count } }
                }
                let nanoseconds = (Self.cpu() - start) / Double(rounds)
                #expect(released > rounds)
                let allocated = Self.allocations().map { Double($0 - (allocations ?? 0)) / Double(rounds) }
                print(
                    "\(name) (\(event.count) B) → \(endpoint.label), \(count) a piece: \(Int(nanoseconds)) ns an event, allocations: \(allocated ?? -1)"
                )
            }
        }
    }

    /// How many there were, where a library that counts them was loaded before the C library.
    private static func allocations() -> Int? {
        guard let symbol = unsafe dlsym(nil, "count_of_allocations") else { return nil }
        return unsafe unsafeBitCast(symbol, to: (@convention(c) () -> Int).self)()
    }

    private static func cpu() -> Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
    }
}
