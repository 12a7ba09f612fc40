import Platform
import TestSupport
import Testing

@testable import HTTPClient

/// Chunked replies in pieces of all kinds: the reply is the same.
@Suite(.serialized)
struct HTTPChunkedReplyTests {
    private static let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"

    private static func chunk(_ text: String) -> String { "\(String(text.utf8.count, radix: 16))\r\n\(text)\r\n" }

    /// Sends the parts one by one, each when the client has nothing left to do, and returns what the client made of them.
    private func exchange(
        _ bench: Bench, _ target: HTTPTarget, _ parts: [[UInt8]], _ prepare: (TestTransfer) -> Void = { _ in }
    ) throws -> TestTransfer {
        let number = bench.server.requests
        let test = bench.start(target, prepare)
        #expect(try bench.run { bench.server.requests == number + 1 })
        let connection = bench.server.connections.values.first { $0.isOpen }
        for part in parts {
            connection?.send(part)
            for _ in 0..<3 { try bench.loop.turn(waitingAtMost: 0) }
        }
        return test
    }

    @Test
    func eventsComeOneByOneAndTheConnectionIsKept() throws {
        let bench = try Bench { _, _ in }
        let target = bench.target()
        for round in 1...20 {
            let events = (0..<50).map { Self.chunk("data: \(round) \($0)\n\n") }
            let parts = [Self.head] + events + ["0\r\n\r\n"]
            let test = try self.exchange(bench, target, parts.map { Array($0.utf8) })
            #expect(try bench.run { test.isOver })
            #expect(test.error == nil)
            #expect(test.text == (0..<50).map { "data: \(round) \($0)\n\n" }.joined())
            #expect(test.pieces == 50)
        }
        #expect(bench.server.accepted == 1)
    }

    /// A reply cut at every place, twice.
    @Test
    func everyCutGivesTheSameReply() throws {
        let bench = try Bench { _, _ in }
        let target = bench.target()
        let coded =
            Self.chunk("data: 1\n\n") + "a;x=\"y\"\r\n0123456789\r\n" + Self.chunk("data: \r\n")
            + Self.chunk("5\r\nhi\r\n")
            + "0\r\ntrailer: x\r\n\r\n"
        let whole = Array((Self.head + coded).utf8)
        let start = Self.head.utf8.count
        for first in start...whole.count {
            let second = min(whole.count, first + 7)
            let parts = [whole[..<first], whole[first..<second], whole[second...]].map(Array.init)
            let test = try self.exchange(bench, target, parts.filter { !$0.isEmpty })
            #expect(try bench.run { test.isOver })
            #expect(test.error == nil)
            #expect(test.text == "data: 1\n\n0123456789data: \r\n5\r\nhi\r\n")
        }
        #expect(bench.server.accepted == 1)
    }

    @Test
    func anyBodyInAnyPiecesIsTheSame() throws {
        var random = SplitMix(seed: 7)
        let bench = try Bench { _, _ in }
        let target = bench.target()
        for _ in 0..<150 {
            var body: [UInt8] = []
            var parts: [[UInt8]] = []
            var coded = Array(Self.head.utf8)
            func cut(at sizes: ClosedRange<Int>) {
                while !coded.isEmpty {
                    let size = Int.random(in: sizes, using: &random)
                    parts.append(Array(coded.prefix(size)))
                    coded.removeFirst(min(size, coded.count))
                }
            }
            for _ in 0..<Int.random(in: 1...12, using: &random) {
                let size = Int.random(in: 1...(Bool.random(using: &random) ? 40 : 20_000), using: &random)
                // Bytes that look like framing.
                let data = (0..<size).map { _ in Array("0\r\n5a".utf8)[Int.random(in: 0..<5, using: &random)] }
                body += data
                coded += Array(String(size, radix: 16, uppercase: Bool.random(using: &random)).utf8)
                if Int.random(in: 0..<4, using: &random) == 0 { coded += Array(";e".utf8) }
                coded += [13, 10] + data + [13, 10]
                // Some of what was sent so far ends with a chunk, some within one.
                if Bool.random(using: &random) { cut(at: 1...(Bool.random(using: &random) ? 3000 : 30_000)) }
            }
            coded += Array("0\r\n\r\n".utf8)
            cut(at: 1...300)
            let pauses = Bool.random(using: &random)
            let test = try self.exchange(bench, target, parts) {
                $0.onPiece = { pauses && $0.pieces % 2 == 0 ? .pause : .proceed }
            }
            #expect(
                try bench.run {
                    test.transfer?.resume()
                    return test.isOver
                })
            #expect(test.error == nil)
            #expect(test.body == body)
        }
        #expect(bench.server.accepted == 1)
    }

    @Test
    func aPausedReplyIsNotRead() throws {
        let bench = try Bench { _, _ in }
        let parts = [Self.head, Self.chunk("one"), Self.chunk("two"), Self.chunk("three")].map { Array($0.utf8) }
        let test = try self.exchange(bench, bench.target(), parts) {
            $0.onPiece = { $0.pieces == 2 ? .pause : .proceed }
        }
        try bench.settle()
        #expect(test.text == "onetwo")
        test.transfer?.resume()
        #expect(try bench.run { test.text == "onetwothree" })
        for connection in bench.server.connections.values { connection.send(Self.chunk("four")) }
        #expect(try bench.run { test.text == "onetwothreefour" })
        for connection in bench.server.connections.values { connection.send("0\r\n\r\n") }
        #expect(try bench.run { test.isOver })
        #expect(test.error == nil)
    }

    @Test
    func aCancelWithinAPieceClosesTheConnection() throws {
        let bench = try Bench { _, _ in }
        let parts = [Self.head, Self.chunk("one"), Self.chunk("two")].map { Array($0.utf8) }
        let test = try self.exchange(bench, bench.target(), parts) {
            $0.onPiece = { test in
                if test.pieces == 2 { test.transfer?.cancel() }
                return .proceed
            }
        }
        #expect(try bench.run { bench.server.closed == 1 })
        #expect(test.text == "onetwo")
        #expect(!test.isOver)
        #expect(bench.client.activeTransfers == 0)
        #expect(bench.limit.active == 0)
    }

    @Test(arguments: ["", "3\r\nab", "zz\r\n", "3\r\nabcd\r\n", "0\r\n", "0\r\nx: y\r\n"], [false, true])
    func anEndWithinTheBodyIsSaid(_ last: String, _ resets: Bool) throws {
        let bench = try Bench { _, _ in }
        let parts = [Self.head, Self.chunk("one"), Self.chunk("two")].map { Array($0.utf8) }
        let test = try self.exchange(bench, bench.target(), parts)
        for connection in bench.server.connections.values {
            connection.send(last)
            for _ in 0..<3 { try bench.loop.turn(waitingAtMost: 0) }
            if resets { connection.reset() } else { connection.close() }
        }
        #expect(try bench.run { test.isOver })
        #expect(test.error?.kind == .resetInReply)
        #expect(test.text.hasPrefix("onetwo"))
    }

    @Test(arguments: [
        "transfer-encoding: gzip, chunked", "transfer-encoding: gzip\r\ntransfer-encoding: chunked",
        "transfer-encoding: identity",
    ])
    func aCodingThatWasNotAskedForIsRefused(_ line: String) throws {
        let bench = try Bench { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\n\(line)\r\n\r\n3\r\nabc\r\n0\r\n\r\n")
        }
        let test = bench.start(bench.target())
        #expect(try bench.run { test.isOver })
        #expect(test.error?.kind == .protocolViolation)
        #expect(test.heads == 0)
    }

    @Test
    func aBodyWithALengthMayLookLikeChunks() throws {
        let bench = try Bench { _, _ in }
        let parts = ["HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", "3\r\n", "a\r\n", "0\r\n"].map { Array($0.utf8) }
        let test = try self.exchange(bench, bench.target(), parts)
        #expect(try bench.run { test.isOver })
        #expect(test.text == "3\r\na\r\n0\r\n")
    }

    /// Two streams side by side, and one that begins within a read of the other.
    @Test
    func streamsDoNotMix() throws {
        let bench = try Bench { _, _ in }
        let target = bench.target()
        let tests = (0..<10).map { _ in bench.start(target) }
        #expect(try bench.run { bench.server.requests == 10 })
        for (number, connection) in bench.server.connections { connection.send(Self.head + Self.chunk("<\(number)>")) }
        for round in 0..<20 {
            for (number, connection) in bench.server.connections { connection.send(Self.chunk("\(number).\(round) ")) }
            try bench.loop.turn(waitingAtMost: 0)
        }
        try bench.settle()
        for connection in bench.server.connections.values { connection.send("0\r\n\r\n") }
        #expect(try bench.run { tests.allSatisfy(\.isOver) })
        var numbers: Set<String> = []
        for test in tests {
            let number = String(test.text.dropFirst().prefix { $0 != ">" })
            #expect(test.text == "<\(number)>" + (0..<20).map { "\(number).\($0) " }.joined())
            numbers.insert(number)
        }
        #expect(numbers.count == 10)
    }
}
