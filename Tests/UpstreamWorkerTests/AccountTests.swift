import Domain
import HTTPClient
import IPC
import Journal
import Platform
import Metrics
import Testing

@testable import UpstreamWorker

/// What the worker records and reports of its calls, over real sockets.
@Suite(.serialized)
struct AccountTests {
    private static let reply =
        #"{"id":"x","choices":[{"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"completion_tokens":3,"total_tokens":8}}"#
    private static let text = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Hi\"}}]}\n\n"
    private static let streamHead =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
    // 2,000 and 5,000 nano-USD a token.
    private static let prices = [Price.free, Price(Price.Rates(input: 2_000_000, output: 5_000_000))]

    private static func chunk(_ text: String) -> String {
        "\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n"
    }

    private static func ids(_ request: TestServer.Request) -> [String] {
        request.lines.filter { $0.hasPrefix("x-client-request-id: ") }.map { String($0.dropFirst(21)) }
    }

    @Test
    func theAttemptIsRecordedBeforeTheProviderIsAskedAndItsEndBeforeTheRequests() throws {
        var entriesAtProvider = -1
        var worker: WorkerBench?
        let pair = try WorkerPair(prices: Self.prices) { connection, _ in
            entriesAtProvider = worker?.journal.entries.count ?? -1
            connection.reply(Self.reply)
        }
        worker = pair.worker
        let stream = pair.worker.request("{\"a\":1}", price: 1)
        #expect(try pair.run { pair.worker.reply(stream).end != nil })
        #expect(entriesAtProvider == 1)
        let attempt = try #require(pair.worker.journal.attempts.first)
        #expect(attempt.record == RecordID(high: 7, low: stream))
        #expect(attempt.number == 1)
        #expect(attempt.provider == Array("test".utf8))
        #expect(attempt.model == Array("m".utf8))
        #expect(attempt.price == Self.prices[1].id)
        #expect(attempt.startedAt > 1_700_000_000_000)
        let end = try #require(pair.worker.journal.ends.first)
        #expect(end.status == 200 && end.billed == .yes && end.finish == .stop && end.error.isEmpty)
        #expect(end.usageSource == .provider && end.usage == TokenUsage(input: 5, output: 3))
        // 5 × 2,000 + 3 × 5,000
        #expect(end.cost == 25_000)
        #expect(end.replyBytes == UInt64(Self.reply.utf8.count))
        #expect(end.connected > 0 && end.firstContent >= end.connected && end.total >= end.firstContent)
        let said = try #require(pair.worker.reply(stream).end)
        #expect(said.finish == .stop)
        #expect(
            said.attempts == [
                AttemptReport(
                    call: 0, number: 1, status: 200, billed: .yes, usageSource: .provider,
                    usage: TokenUsage(input: 5, output: 3), cost: 25_000, firstContent: end.firstContent,
                    total: end.total)
            ])
        #expect(pair.worker.journal.isBalanced)
        #expect(pair.worker.journal.orphans.isEmpty)
    }

    @Test
    func unknownIsNotZeroAndNothingIsNotUnknown() throws {
        let pair = try WorkerPair(prices: Self.prices) { connection, request in
            if request.body.count == 3 {
                connection.reply("{\"error\":{}}", status: "400 Bad")
            } else {
                connection.reply(Self.reply)
            }
        }
        let unknown = pair.worker.request("{}")
        let wrong = pair.worker.request("{}", price: 7)
        let free = pair.worker.request("{}", price: 0)
        let refused = pair.worker.request("{ }")
        let all = [unknown, wrong, free, refused]
        #expect(try pair.run { all.allSatisfy { pair.worker.reply($0).end != nil } })
        #expect(all.map { pair.worker.reply($0).end?.attempts.first?.cost } == [nil, nil, 0, 0])
        #expect(pair.worker.journal.attempts.map(\.price) == [0, 0, Price.free.id, 0])
        let last = pair.worker.reply(refused).end?.attempts.first
        #expect(last?.billed == .no && last?.usage == nil && last?.usageSource == UsageSource.none)
    }

    @Test
    func whatTheProviderDoesNotCountIsEstimatedAsItsOtherRepliesTeach() throws {
        let events = String(repeating: Self.text, count: 100)
        let pair = try WorkerPair(prices: Self.prices) { connection, request in
            let usage =
                request.body.count > 1000
                ? "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":800,\"completion_tokens\":100}}\n\n" : ""
            connection.send(Self.streamHead + Self.chunk(events + usage + "data: [DONE]\n\n") + "0\r\n\r\n")
        }
        let body = "{\"a\":\"" + String(repeating: "b", count: 1592) + "\"}"
        let counted = pair.worker.request(body, isStream: true, price: 1)
        #expect(try pair.run { pair.worker.reply(counted).end != nil })
        let silent = pair.worker.request(String(repeating: " ", count: 400), isStream: true, price: 1)
        #expect(try pair.run { pair.worker.reply(silent).end != nil })
        let report = try #require(pair.worker.reply(silent).end?.attempts.first)
        #expect(report.billed == .yes && report.usageSource == .estimated)
        // Half a token per byte of request, and nearly one an event.
        #expect(report.usage?.input == 200)
        #expect((97...100).contains(report.usage?.output ?? 0))
        let output = report.usage?.output ?? 0
        #expect(report.cost == 200 * 2000 + output * 5000)
        #expect(pair.worker.reply(silent).end?.usage == report.usage)
        let counter = try #require(pair.worker.services.providers.attempts["test"])
        let names = Set(counter.page.series().map(\.name))
        #expect(names.isSuperset(of: ["sluice_usage_estimate_error", "sluice_records_lost_total"]))
    }

    @Test
    func embeddingsHaveNoOutput() throws {
        let pair = try WorkerPair { connection, request in
            let usage = request.body.count == 80 ? #""usage":{"prompt_tokens":40,"total_tokens":40},"# : ""
            connection.reply(
                "{\(usage)\"data\":[{\"embedding\":[1,2,3]}],\"x\":\"" + String(repeating: "y", count: 5000) + "\"}")
        }
        func usage(_ bytes: Int) throws -> TokenUsage? {
            let stream = pair.worker.request(String(repeating: " ", count: bytes), endpoint: .embeddings)
            #expect(try pair.run { pair.worker.reply(stream).end != nil })
            return pair.worker.reply(stream).end?.attempts.first?.usage
        }
        #expect(try usage(40) == TokenUsage(input: 10))
        #expect(pair.worker.services.estimator.count == 0)
        // Half a token a byte.
        #expect(try usage(80) == TokenUsage(input: 40))
        #expect(try usage(40) == TokenUsage(input: 20))
    }

    /// A client leaves at every stage: one end each, and one pair of records where there was a call.
    @Test
    func aCancelAtEveryStage() throws {
        let pair = try WorkerPair(maxConnections: 3, prices: Self.prices) { connection, request in
            switch request.body.count {
            case 3: connection.send(Self.streamHead)
            case 4: connection.send(Self.streamHead + Self.chunk(Self.text))
            default: break
            }
        }
        let bodyless = pair.worker.request("{}", price: 1, sendsBody: false)
        let sent = pair.worker.request("{}", isStream: true, price: 1)
        #expect(try pair.run { pair.provider.requests == 1 })
        let begun = pair.worker.request("{ }", isStream: true, price: 1)
        #expect(try pair.run { pair.provider.requests == 2 })
        let content = pair.worker.request("{  }", isStream: true, price: 1)
        #expect(try pair.run { pair.worker.reply(content).chunks == 1 })
        // All connections are in use: it waits, and no call is made.
        let queued = pair.worker.request("{}", isStream: true, price: 1)
        try pair.settle()
        // Overtaken by its own cancel.
        let early = pair.worker.next + 1
        pair.worker.cancel(early)
        #expect(pair.worker.request("{}", price: 1) == early)
        for stream in [bodyless, queued, sent, begun, content] { pair.worker.cancel(stream) }
        let all = [bodyless, sent, begun, content, queued, early]
        #expect(try pair.run { all.allSatisfy { pair.worker.reply($0).end != nil } })
        try pair.settle()
        for stream in all {
            let reply = pair.worker.reply(stream)
            #expect(reply.ends == 1 && reply.framesAfterEnd == 0)
            #expect(reply.end?.failure?.code == "cancelled")
        }
        let reports = all.map { pair.worker.reply($0).end?.attempts ?? [] }
        #expect(reports.map(\.count) == [0, 1, 1, 1, 0, 0])
        let calls = reports.flatMap { $0 }
        #expect(calls.map(\.billed) == [.unknown, .unknown, .yes])
        // The prompt by its bytes; the output by those of the reply, where content came.
        #expect(
            calls.map(\.usage) == [
                TokenUsage(input: 1), TokenUsage(input: 1), TokenUsage(input: 1, output: 1),
            ])
        #expect(calls.map(\.cost) == [2000, 2000, 7000])
        #expect(pair.worker.journal.isBalanced)
        #expect(pair.worker.journal.ends.count == 3)
        #expect(pair.worker.journal.orphans.isEmpty)
        #expect(pair.provider.requests == 3)
        #expect(pair.worker.services.active == 0)
        #expect(pair.worker.services.takeBodyBudget(1 << 30))
    }

    @Test
    func anEdgeThatDiesLeavesItsRequestsSettled() throws {
        let pair = try WorkerPair(maxConnections: 3, prices: Self.prices) { connection, request in
            if request.body.count == 4 { connection.send(Self.streamHead + Self.chunk(Self.text)) }
            if request.body.count == 5 { connection.reply("{\"a\":\"" + String(repeating: "x", count: 99_000) + "\"}") }
        }
        let sent = pair.worker.request("{}", price: 1)
        let content = pair.worker.request("{  }", isStream: true, price: 1)
        #expect(try pair.run { pair.worker.reply(content).chunks == 1 && pair.provider.requests == 2 })
        // One whose call is over while its reply waits, one that waits for a connection, one without its body.
        pair.worker.returnsCredit = false
        let waiting = pair.worker.request("{   }", price: 1)
        #expect(try pair.run { pair.worker.journal.ends(of: waiting).count == 1 })
        let third = pair.worker.request("{}", price: 1)
        #expect(try pair.run { pair.provider.requests == 4 })
        _ = pair.worker.request("{}", price: 1)
        _ = pair.worker.request("{}", sendsBody: false)
        try pair.settle()
        pair.worker.loseLink()
        #expect(try pair.run { pair.worker.services.active == 0 })
        #expect(pair.worker.journal.isBalanced)
        let orphans = Dictionary(grouping: pair.worker.journal.orphans) { $0.record.low }
        // Every one whose call ran has exactly one; who waited in the queue had none.
        #expect(Set(orphans.keys) == [sent, content, third])
        #expect(orphans.values.allSatisfy { $0.count == 1 })
        for orphan in pair.worker.journal.orphans {
            #expect(orphan.rank == .upstream && orphan.outcome == .unknown && orphan.attempts == 1)
            #expect(orphan.provider == Array("test".utf8) && orphan.modelSent == Array("m".utf8))
        }
        let streamed = try #require(orphans[content]?.first)
        #expect(streamed.status == 200 && streamed.isStream && streamed.usageSource == .estimated)
        #expect(streamed.usage == TokenUsage(input: 1, output: 1) && streamed.cost == 7000)
        let silent = try #require(orphans[sent]?.first)
        #expect(silent.status == 0 && silent.usage == TokenUsage(input: 1) && silent.cost == 2000)
    }

    @Test
    func aKeptConnectionThatDiesMakesTwoAttempts() throws {
        var seen: [String] = []
        let pair = try WorkerPair(prices: Self.prices) { connection, request in
            seen += Self.ids(request)
            if connection.requests == 1 { connection.reply(Self.reply) } else { connection.reset() }
        }
        for round in 0..<20 {
            seen = []
            let stream = pair.worker.request("{}", price: 1)
            #expect(try pair.run { pair.worker.reply(stream).end != nil })
            let reply = pair.worker.reply(stream)
            let record = RecordID(high: 7, low: stream)
            #expect(reply.text == Self.reply)
            #expect(reply.end?.failure == nil)
            #expect(seen == (round == 0 ? ["\(record)-1"] : ["\(record)-1", "\(record)-2"]))
            #expect(reply.end?.attempts.map(\.number) == (round == 0 ? [1] : [1, 2]))
            #expect(reply.end?.attempts.map(\.billed) == (round == 0 ? [.yes] : [.unknown, .yes]))
            #expect(reply.end?.attempts.map(\.cost) == (round == 0 ? [25_000] : [0, 25_000]))
            #expect(reply.end?.usage == TokenUsage(input: 5, output: 3))
            #expect(pair.worker.journal.ends(of: stream).map(\.number) == (round == 0 ? [1] : [1, 2]))
        }
        #expect(pair.worker.journal.isBalanced)
        #expect(pair.worker.services.active == 0)
    }

    @Test
    func aSecondAttemptNeedsItsRoomToo() throws {
        var seen: [String] = []
        let pair = try WorkerPair { connection, request in
            seen += Self.ids(request)
            if connection.requests == 1 { connection.reply(Self.reply) } else { connection.reset() }
        }
        let first = pair.worker.request("{}")
        #expect(try pair.run { pair.worker.reply(first).end != nil })
        let journal = pair.worker.journal
        journal.onAttempt = { if $0.number == 2 { journal.admission = .refused } }
        let second = pair.worker.request("{}")
        #expect(try pair.run { pair.worker.reply(second).end != nil })
        #expect(pair.worker.reply(second).end?.failure?.code == "provider_connection_reset")
        #expect(pair.worker.reply(second).end?.attempts.map(\.billed) == [.unknown])
        #expect(journal.isBalanced)
        #expect(seen.count == 2)
    }

    @Test
    func aProviderThatIsNotThereIsNotPaid() throws {
        let loop = try EpollLoop()
        let server = try TestServer(loop) { _, _ in }
        // Nobody listens where a closed server did.
        var settings = WorkerBench.provider(server.port)
        settings.kind = .server(.openai, baseURL: "http://127.0.0.1:1/v1")
        let worker = try WorkerBench([settings], prices: Self.prices)
        let stream = worker.request("{}", price: 1)
        #expect(try worker.run { worker.reply(stream).end != nil })
        let report = try #require(worker.reply(stream).end?.attempts.first)
        #expect(report.error == "provider_unreachable")
        #expect(report.billed == .no && report.cost == 0 && report.status == 0 && report.usage == nil)
        #expect(worker.journal.ends.map(\.connected) == [0])
        #expect(worker.journal.isBalanced)
    }

    @Test
    func aFullJournalRefusesOrServes() throws {
        let pair = try WorkerPair { connection, _ in connection.reply(Self.reply) }
        pair.worker.journal.admission = .refused
        let refused = pair.worker.request("{}")
        #expect(try pair.run { pair.worker.reply(refused).end != nil })
        let failure = try #require(pair.worker.reply(refused).end?.failure)
        #expect(failure.code == "journal_full" && failure.status == 503)
        #expect(failure.source == .gateway && failure.retry == .later)
        #expect(pair.worker.reply(refused).end?.attempts.isEmpty == true)
        #expect(pair.provider.requests == 0)
        #expect(pair.worker.services.active == 0)
        pair.worker.journal.admission = .unrecorded
        let served = pair.worker.request("{}")
        #expect(try pair.run { pair.worker.reply(served).end != nil })
        #expect(pair.worker.reply(served).end?.attempts.count == 1)
        #expect(pair.worker.journal.entries.contains { if case .end(_, .unrecorded) = $0 { true } else { false } })
        // Before there is a journal nothing is called.
        pair.worker.services.journal = nil
        let early = pair.worker.request("{}")
        #expect(try pair.run { pair.worker.reply(early).end != nil })
        #expect(pair.worker.reply(early).end?.failure?.code == "journal_full")
        #expect(pair.provider.requests == 1)
    }

    @Test
    func theSimulatedProviderTakesTheSamePath() throws {
        let worker = try WorkerBench(
            [ProviderSettings(name: "simulated", kind: .simulated(delay: 0, tokensPerSecond: 0))], prices: Self.prices)
        let body = #"{"model":"m","messages":[{"role":"user","content":"hello"}]}"#
        let unary = worker.request(body, price: 0)
        #expect(try worker.run { worker.journal.attempts.count == 1 })
        let cancelled = worker.request(body, isStream: true, price: 0)
        worker.cancel(cancelled)
        #expect(try worker.run { worker.reply(unary).end != nil && worker.reply(cancelled).end != nil })
        let report = try #require(worker.reply(unary).end?.attempts.first)
        #expect(report.billed == .yes && report.usageSource == .provider && report.cost == 0)
        #expect(report.usage?.promptTokens ?? 0 > 0)
        #expect(worker.reply(unary).end?.finish == .stop)
        #expect(worker.journal.isBalanced)
        #expect(worker.journal.ends(of: unary).first.map { $0.connected > 0 } == true)
    }
}
