import TestSupport
import Testing

@testable import HTTPClient

@Suite
struct HTTPReplyReaderTests {
    /// What a reader made of bytes.
    private struct Reply: Equatable {
        var heads = 0
        var body: [UInt8] = []
        var isWhole = false
        var fault: HTTPClientError.Kind?
        var keepsConnection = false
        /// Bytes behind its end.
        var rest = 0
    }

    private func read(_ pieces: [[UInt8]], limit: Int = 1000) -> Reply {
        var reader = HTTPReplyReader(limit: limit)
        var reply = Reply()
        for piece in pieces {
            guard !reply.isWhole, reply.fault == nil else {
                reply.rest += piece.count
                continue
            }
            var buffer = piece
            var index = 0
            unsafe buffer.withUnsafeMutableBytes { bytes in
                while true {
                    switch unsafe reader.next(bytes, &index) {
                    case .more:
                        #expect(index == bytes.count)
                        return
                    case .head: reply.heads += 1
                    case .data(let range):
                        #expect(!range.isEmpty && range.upperBound <= index)
                        unsafe reply.body += Array(bytes[range])
                    case .end:
                        reply.isWhole = true
                        reply.rest = bytes.count - index
                        return
                    case .failed(let kind):
                        reply.fault = kind
                        return
                    }
                }
            }
        }
        reply.keepsConnection = reader.keepsConnection
        return reply
    }

    private static let replies: [(String, String, Bool)] = [
        ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello", "hello", true),
        ("HTTP/1.1 200 OK\ncontent-length: 5\n\nhello", "hello", true),
        ("HTTP/1.1 204 No Content\r\n\r\n", "", true),
        ("HTTP/1.1 304\r\ncontent-length: 5\r\n\r\n", "", true),
        ("HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n", "", false),
        ("HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nhi", "hi", false),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nlink: x\r\n\r\nHTTP/1.1 201 Made\r\ncontent-length: 1\r\n\r\n!",
            "!", true
        ),
        (
            "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\nA;x\r\n0123456789\r\n0\r\na: b\r\n\r\n",
            "hello0123456789", true
        ),
    ]

    /// Each reply in two cuts at all places, byte by byte, and with more behind it.
    @Test
    func everySplitGivesTheSame() {
        for (text, body, keeps) in Self.replies {
            let bytes = Array(text.utf8)
            let expected = Reply(heads: 1, body: Array(body.utf8), isWhole: true, keepsConnection: keeps)
            for first in 0...bytes.count {
                for second in first...bytes.count {
                    let pieces = [bytes[..<first], bytes[first..<second], bytes[second...]].map(Array.init)
                    #expect(self.read(pieces) == expected)
                }
                if first < bytes.count { #expect(!self.read([Array(bytes[..<first])]).isWhole) }
            }
            #expect(self.read(bytes.map { [$0] }) == expected)
            var followed = expected
            followed.rest = 3
            #expect(self.read([bytes + [1, 2, 3]]) == followed)
        }
    }

    @Test
    func aBodyUntilTheCloseHasNoEnd() {
        let reply = self.read([Array("HTTP/1.1 200 OK\r\n\r\n".utf8), Array("abc".utf8), Array("d".utf8)])
        #expect(reply == Reply(heads: 1, body: Array("abcd".utf8)))
    }

    @Test(
        arguments: [
            ("SSH-2.0-x", .protocolViolation), ("H", nil), ("HTTP/1.", nil), ("HTTP/2", .protocolViolation),
            ("\r\n", .protocolViolation),
            ("HTTP/1.1 200 OK\r\na\0b: c\r\n", .protocolViolation),
            ("HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n", .protocolViolation),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: gzip\r\n\r\n", .protocolViolation),
            ("HTTP/1.1 101 Switching\r\n\r\n", .protocolViolation),
            ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nx\r\n", .resetInReply),
        ] as [(String, HTTPClientError.Kind?)])
    func whatIsNoReplyIsRefused(_ text: String, _ fault: HTTPClientError.Kind?) {
        #expect(self.read([Array(text.utf8)]).fault == fault)
        #expect(self.read(text.utf8.map { [$0] }).fault == fault)
    }

    /// However it comes: all heads together, and a line without an end.
    @Test
    func theHeadIsBounded() {
        let lines = Array(String(repeating: "a: \(String(repeating: "x", count: 50))\r\n", count: 30).utf8)
        let endless = [UInt8](repeating: 0x78, count: 1500)
        let interim = Array(String(repeating: "HTTP/1.1 103 Early\r\n\r\n", count: 100).utf8)
        let start = Array("HTTP/1.1 200 OK\r\n".utf8)
        for bytes in [start + lines, start + endless, interim] {
            #expect(self.read([bytes]).fault == .tooLarge)
            #expect(self.read(bytes.map { [$0] }).fault == .tooLarge)
        }
    }

    /// Broken bytes never trap, and mean the same in one piece and byte by byte.
    @Test
    func mutatedRepliesDoNotTrap() {
        var random = SplitMix(seed: 11)
        for _ in 0..<20_000 {
            var bytes = Array(Self.replies[Int.random(in: 0..<Self.replies.count, using: &random)].0.utf8)
            for _ in 0...Int.random(in: 0...3, using: &random) {
                bytes[Int.random(in: 0..<bytes.count, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            let whole = self.read([bytes])
            var split = self.read(bytes.map { [$0] })
            if split.fault != nil { split.rest = whole.rest }
            // What came before a fault may have been handed out by then, or not.
            if whole.fault != nil { split.body = whole.body }
            #expect(whole == split)
        }
    }
}
