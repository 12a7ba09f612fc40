internal import CAllocationCount
internal import Dialects
internal import Domain
internal import Glibc

/// Sends whole streams through the gateway's translation, one event a piece as they come from a provider, and counts.
///
/// Time is the processor's, of the best of five runs: a machine's other work only adds to it. Allocations are counted in front
/// of the C library's allocator over one further stream, so those for the stream's own beginning and end are in it.
struct StreamBenchmark {
    let rounds: Int
    private let reader = DialectReader()

    init(rounds: Int) {
        self.rounds = rounds
    }

    func run() {
        let anthropic = SampleStream.anthropicText()
        let tool = SampleStream.anthropicTool()
        let family = SampleStream.family()
        self.measure("anthropic → chat completions, text", anthropic, .anthropic, .chatCompletions)
        self.measure("anthropic → chat completions, tool call", tool, .anthropic, .chatCompletions)
        self.measure("groq → chat completions, text", family, .groq, .chatCompletions)
        self.measure("openai → messages, text", family, .openai, .messages)
        self.measure("anthropic → messages, as it is", anthropic, .anthropic, .messages)
        self.measure("openai → chat completions, as it is", family, .openai, .chatCompletions)
    }

    private func measure(_ name: String, _ stream: SampleStream, _ dialect: Dialect, _ endpoint: Endpoint) {
        let context = TranslationContext(
            endpoint: endpoint, row: ProviderTable.row(dialect), provider: "p", isStream: true, wantsUsage: true,
            nonce: Array("0123456789abcdef".utf8), now: 1_766_084_448)
        // Buffers that are kept from stream to stream have grown after the first.
        let released = self.pass(stream, context)
        var best = UInt64.max
        for _ in 0..<5 {
            let start = Self.processorNanoseconds()
            for _ in 0..<self.rounds { _ = self.pass(stream, context) }
            best = min(best, Self.processorNanoseconds() - start)
        }
        let allocations = sluice_allocation_count()
        _ = self.pass(stream, context)
        let counted = sluice_allocation_count() - allocations
        let events = stream.events.count
        let microseconds = Double(best) / Double(self.rounds * events) / 1000
        print(
            "\(name): \(Self.text(microseconds)) µs and \(Self.text(Double(counted) / Double(events))) allocations an event"
                + " (\(events) events, \(stream.bytes) bytes in, \(released) out)")
    }

    /// One whole stream; the bytes that went to the client.
    private func pass(_ sample: SampleStream, _ context: TranslationContext) -> Int {
        let stream = context.stream(askedForUsage: false, reader: self.reader)
        var released = 0
        do throws(StreamFault) {
            for event in sample.events {
                let fault = unsafe event.withUnsafeBytes { piece -> StreamFault? in
                    do throws(StreamFault) {
                        unsafe try stream.feed(piece) { released += $0.count }
                        return nil
                    } catch {
                        return error
                    }
                }
                if let fault { throw fault }
            }
            let end = unsafe try stream.finish { released += $0.count }
            guard end == .complete else { fatalError("the sample is no whole stream: \(end)") }
        } catch {
            fatalError("the sample is no stream: \(error)")
        }
        unsafe stream.conclude(usage: stream.usage, isEstimated: false) { released += $0.count }
        return released
    }

    /// What this thread has used of a processor.
    private static func processorNanoseconds() -> UInt64 {
        var time = timespec()
        unsafe clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Two digits behind the point.
    private static func text(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }
}
