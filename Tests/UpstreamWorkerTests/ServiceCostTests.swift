import Domain
import IPC
import Journal
import Testing

@testable import UpstreamWorker

/// What calls cost by how they were served and by what they used besides tokens, over real sockets.
@Suite(.serialized)
struct ServiceCostTests {
    /// 2,000 and 5,000 nano-USD a token, thrice that at priority; $0.04 an image, $0.01 a search, $0.001 a request.
    private static let price = Price(
        Price.Rates(
            input: 2_000_000, output: 5_000_000,
            units: [.imageOutput: 40_000_000_000, .query: 10_000_000_000, .request: 1_000_000_000]),
        services: [.priority: PriceList(Price.Rates(input: 6_000_000, output: 15_000_000))])

    /// The end of the one call that `body` answers.
    private func end(
        _ body: String, endpoint: Endpoint = .chatCompletions, isStream: Bool = false, price: UInt32? = 0,
        status: String = "200 OK"
    ) throws -> (AttemptEndRecord, AttemptReport) {
        let pair = try WorkerPair(prices: [Self.price]) { connection, _ in
            guard isStream else { return connection.reply(body, status: status) }
            let chunk = "\(String(body.utf8.count, radix: 16))\r\n\(body)\r\n0\r\n\r\n"
            connection.send(
                "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk)
        }
        let stream = pair.worker.request("{}", endpoint: endpoint, isStream: isStream, price: price)
        #expect(try pair.run { pair.worker.reply(stream).end != nil })
        let end = try #require(pair.worker.journal.ends.first)
        let report = try #require(pair.worker.reply(stream).end?.attempts.first)
        #expect(end.cost == report.cost && end.usage == report.usage ?? TokenUsage())
        return (end, report)
    }

    @Test func aCallCostsAsItWasServed() throws {
        let usage = #""usage":{"prompt_tokens":5,"completion_tokens":3}"#
        let plain = try self.end(#"{"choices":[{"finish_reason":"stop"}],\#(usage)}"#).0
        // 5 × 2000 + 3 × 5000 + 1,000,000
        #expect(plain.service == .standard && plain.units == nil && plain.cost == 1_025_000)
        let urgent = try self.end(
            #"{"choices":[{"finish_reason":"stop"}],\#(usage),"service_tier":"priority"}"#
        ).0
        // 5 × 6000 + 3 × 15,000: the list for priority says nothing of requests.
        #expect(urgent.service == .priority && urgent.cost == 75_000)
        let events = """
            data: {"service_tier":"priority","choices":[{"index":0,"delta":{"content":"a"},"finish_reason":"stop"}]}

            data: {"choices":[],\(usage)}

            data: [DONE]


            """
        let streamed = try self.end(events, isStream: true).0
        #expect(streamed.service == .priority && streamed.cost == 75_000)
        // Flex has no list of its own.
        let flex = try self.end(#"{"choices":[],\#(usage),"service_tier":"flex"}"#).0
        #expect(flex.service == .flex && flex.cost == 1_025_000)
    }

    @Test func whatHasNoTokensMayCostAllTheSame() throws {
        let images = try self.end(#"{"data":[{"url":"a"},{"url":"b"}]}"#, endpoint: .imageGenerations)
        // The prompt is estimated, as always where the provider says nothing of it.
        #expect(images.0.units == CallUnits(.imageOutput, 2))
        #expect(images.0.cost == 81_000_000 + images.0.usage.input * 2000)
        #expect(images.1.usageSource == .estimated && images.1.billed == .yes && images.0.usage.output == 0)
        let unknown = try self.end(#"{"data":[{"url":"a"}]}"#, endpoint: .imageGenerations, price: nil)
        #expect(unknown.0.cost == nil)
        let verdict = try self.end(#"{"results":[]}"#, endpoint: .moderations)
        #expect(verdict.0.cost == 1_000_000 + verdict.0.usage.input * 2000 && verdict.0.units == nil)
        let refused = try self.end(#"{"error":{},"data":[{}]}"#, endpoint: .imageGenerations, status: "400 Bad")
        #expect(refused.0.cost == 0 && refused.0.units == nil && refused.0.billed == .no)
        let searched = try self.end(
            #"{"choices":[{"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"num_search_queries":3}}"#)
        #expect(searched.0.units == CallUnits(.query, 3) && searched.0.cost == 31_002_000)
    }

    /// Too large to be held.
    @Test func imagesAreCountedAsTheyPass() throws {
        let image = String(repeating: "A", count: 200 << 10)
        let data = (0..<3).map { _ in "{\"b64_json\":\"\(image)\"}" }.joined(separator: ",")
        let plain = try self.end("{\"created\":1,\"data\":[\(data)]}", endpoint: .imageGenerations)
        #expect(plain.0.units == CallUnits(.imageOutput, 3) && plain.0.cost == 121_000_000 + plain.0.usage.input * 2000)
        let usage = #""usage":{"input_tokens":7,"output_tokens":9,"input_tokens_details":{"image_tokens":0}}"#
        let counted = try self.end("{\"data\":[\(data)],\(usage)}", endpoint: .imageGenerations)
        #expect(counted.0.usage == TokenUsage(input: 7, imageOutput: 9))
        // 7 × 2000 + 9 × 5000
        #expect(counted.0.units == CallUnits(.imageOutput, 3) && counted.0.cost == 121_059_000)
    }

    /// The service may stand before or behind the usage, or at the beginning.
    @Test func theServiceOfALargeReplyIsFound() throws {
        let text = #""choices":[{"message":{"content":""# + String(repeating: "a", count: 300 << 10) + #""}}]"#
        let usage = #""usage":{"prompt_tokens":5,"completion_tokens":3}"#
        let service = #""service_tier":"priority""#
        for body in ["{\(text),\(usage),\(service)}", "{\(text),\(service),\(usage)}"] {
            let end = try self.end(body).0
            #expect(end.usage == TokenUsage(input: 5, output: 3) && end.service == .priority && end.cost == 75_000)
        }
        // A text that says so is none.
        let quoted =
            #""choices":[{"message":{"content":""# + String(repeating: "a", count: 300 << 10)
            + #" ,\"service_tier\":\"priority\""}}]"#
        #expect(try self.end("{\(quoted),\(usage)}").0.service == .standard)
    }
}

/// The images of a reply that is not held.
@Suite struct ImageCountTests {
    private func count(_ text: String, in size: Int) -> Int64 {
        var count = ImageCount()
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) {
            unsafe Array(bytes[start..<min(start + size, bytes.count)]).withUnsafeBytes { unsafe count.feed($0) }
        }
        return count.images
    }

    @Test(
        arguments: [
            (#"{"data":[]}"#, 0), (#"{"data":[{}]}"#, 1), (#"{"data":[{},{"a":{"b":[{}]}},[{}]],"u":{"d":{}}}"#, 2),
            (#"{"data":[{"b64_json":"[{\"{"},{"b64_json":"\\"},{"x":"\\\"{"}]}"#, 3),
            (#"{"a\"[{":1,"data":[{"x":"\\\\"},{"y":"\\\\\"{},{"}]}"#, 2), (#"[{},{}]"#, 0), ("", 0), ("]]}}{", 0),
        ] as [(String, Int64)])
    func atAllSplits(_ text: String, _ images: Int64) {
        for size in 1...max(1, text.utf8.count) { #expect(self.count(text, in: size) == images, "\(size)") }
    }
}
