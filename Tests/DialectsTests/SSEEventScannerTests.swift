import Dialects
import Testing

@Suite("SSEEventScanner")
struct SSEEventScannerTests {
    struct Result: Equatable {
        var events: [[UInt8]] = []
        var rest: [UInt8] = []
        var oversized = 0
        var oversizedEnds = 0
    }

    private func scan(_ pieces: [[UInt8]], maximumEventBytes: Int = 1 << 20) -> Result {
        var scanner = SSEEventScanner(maximumEventBytes: maximumEventBytes)
        var result = Result()
        for piece in pieces {
            unsafe piece.withUnsafeBytes { piece in
                var offset = 0
                while true {
                    switch unsafe scanner.next(in: piece, from: &offset) {
                    case .needsMore: return
                    case .oversized: result.oversized += 1
                    case .oversizedEnd: result.oversizedEnds += 1
                    case .event(let event):
                        let raw = unsafe scanner.withBytes(of: event, in: piece) { unsafe [UInt8]($0) }
                        #expect(raw.count == event.carried + event.pieceRange.count)
                        #expect(event.pieceRange.upperBound == offset)
                        result.events.append(raw)
                    }
                }
            }
        }
        result.rest = scanner.finish()
        #expect(scanner.isBetweenEvents)
        return result
    }

    private func check(_ body: [UInt8], cuts: [Int]) {
        let whole = self.scan([body])
        #expect(whole.events.flatMap(\.self) + whole.rest == body)
        // At the very end a CR still waits for its LF, which is the one thing the oracle need not do.
        let expected = StreamOracle.events(body)
        #expect((whole.rest.isEmpty ? whole.events : whole.events + [whole.rest]) == expected)
        for cut in cuts {
            #expect(self.scan([Array(body[..<cut]), Array(body[cut...])]) == whole, "cut at \(cut)")
        }
        for size in [1, 2, 3, 7] {
            #expect(self.scan(Cuts.pieces(body, of: size)) == whole, "pieces of \(size)")
        }
    }

    @Test("Every event is exact, whatever the cuts", arguments: StreamFixture.all)
    func fixtures(_ fixture: StreamFixture) {
        self.check(fixture.body, cuts: Array(0...fixture.body.count))
    }

    @Test("Every byte string of six bytes out of five kinds is split like the grammar says")
    func allShortStreams() {
        let alphabet: [UInt8] = [0x0A, 0x0D, 0x3A, 0x64, 0x20]
        for number in 0..<15_625 {
            var rest = number
            let body = (0..<6).map { _ in
                defer { rest /= 5 }
                return alphabet[rest % 5]
            }
            let whole = self.scan([body])
            let events = whole.rest.isEmpty ? whole.events : whole.events + [whole.rest]
            #expect(events == StreamOracle.events(body), "\(body)")
            #expect(self.scan(Cuts.pieces(body, of: 1)) == whole, "\(body)")
        }
    }

    @Test(
        "Recorded streams are split exactly",
        .withRecordings, arguments: Recording.streams)
    func recordings(_ recording: Recording) {
        self.check(recording.body, cuts: Cuts.twoWays(recording.body))
    }

    @Test("The payload follows the grammar of data lines")
    func payloads() {
        func payload(_ text: String) -> String? {
            let raw = Array(text.utf8)
            return unsafe raw.withUnsafeBytes { raw in
                switch unsafe SSEEvent.payload(of: raw) {
                case .none: nil
                case .line(let range): unsafe String(decoding: raw[range], as: UTF8.self)
                case .joined(let bytes): String(decoding: bytes, as: UTF8.self)
                }
            }
        }
        #expect(payload("data: x\n\n") == "x")
        #expect(payload("data:x\r\n\r\n") == "x")
        #expect(payload("data:  x \r\r") == " x ")
        #expect(payload("event: e\ndata: x\nid: 1\n\n") == "x")
        #expect(payload("data: x\ndata\ndata:y\ndata: z\n\n") == "x\n\ny\nz")
        #expect(payload("data\n\n") == "")
        #expect(payload("data:\n\n") == "")
        #expect(payload("datax: y\n\n") == nil)
        #expect(payload(" data: y\n\n") == nil)
        #expect(payload(": data: y\n\n") == nil)
        #expect(payload("\u{FEFF}data: x\n\n") == "x")
        #expect(payload("data: x") == "x")
        #expect(payload("dat") == nil)
        #expect(payload("") == nil)
    }

    @Test("An unfinished event is kept up to the bound, exactly, and then skipped to its end")
    func bound() {
        let long = Array("data: 0123456789\n\n".utf8)
        let short = Array("data\n\n".utf8)
        #expect(self.scan([long + short], maximumEventBytes: 6).events == [long, short])
        #expect(self.scan([Array(long[..<6])], maximumEventBytes: 6).rest.count == 6)
        let cut = self.scan([Array(long[..<7]), Array(long[7...]) + short], maximumEventBytes: 6)
        #expect(cut == Result(events: [short], rest: [], oversized: 1, oversizedEnds: 1))
        let single = self.scan(Cuts.pieces(short + long + short, of: 1), maximumEventBytes: 8)
        #expect(single == Result(events: [short, short], rest: [], oversized: 1, oversizedEnds: 1))
        let endless = self.scan(
            Array(repeating: [UInt8](repeating: 0x61, count: 1000), count: 1000), maximumEventBytes: 4096)
        #expect(endless == Result(events: [], rest: [], oversized: 1, oversizedEnds: 0))
    }

    @Test("An event within one piece is not copied")
    func noCopy() {
        let body = Array("data: a\n\ndata: b\n\n".utf8)
        var scanner = SSEEventScanner()
        unsafe body.withUnsafeBytes { piece in
            var offset = 0
            for range in [0..<9, 9..<18] {
                let step = unsafe scanner.next(in: piece, from: &offset)
                guard step == .event(SSEEvent(carried: 0, pieceRange: range)), case .event(let event) = step else {
                    Issue.record("\(step)")
                    return
                }
                let base = unsafe scanner.withBytes(of: event, in: piece) { $0.baseAddress }
                #expect(unsafe base == piece.baseAddress.map { unsafe $0 + range.lowerBound })
            }
        }
    }
}
