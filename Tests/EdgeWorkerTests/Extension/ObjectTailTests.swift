import NIOCore
import Testing

@testable import EdgeWorker

@Suite struct ObjectTailTests {
    private static let member = Array(#""x":1"#.utf8)

    private static func run(_ pieces: [String]) -> (passed: [String], end: String?) {
        var tail = ObjectTail()
        let passed = pieces.flatMap { tail.feed(ByteBuffer(string: $0)) }.map { String(buffer: $0) }
        return (passed, tail.finish(self.member).map { String(buffer: $0) })
    }

    private static let bodies: [(body: String, extended: String)] = [
        (#"{"a":1}"#, #"{"a":1,"x":1}"#),
        (#"{"a":{"b":[1,2]},"c":"}"}"#, #"{"a":{"b":[1,2]},"c":"}","x":1}"#),
        ("{ \"a\" : { } }\r\n \t", "{ \"a\" : { } ,\"x\":1}\r\n \t"),
        ("{}", "{ \"x\":1}"), (" {\n} \n", " {\n \"x\":1} \n"),
        (#"{"a":"\"}"}"#, #"{"a":"\"}","x":1}"#),
    ]

    @Test(arguments: bodies) func theMemberIsPutInAtEverySplit(body: String, extended: String) {
        let bytes = Array(body.utf8)
        for first in 0...bytes.count {
            for second in first...bytes.count {
                let pieces = [bytes[..<first], bytes[first..<second], bytes[second...]]
                    .map { String(decoding: $0, as: UTF8.self) }
                let (passed, end) = Self.run(pieces)
                #expect(passed.joined() + (end ?? "") == extended, "\(pieces)")
                #expect((end?.utf8.count ?? 0) + passed.joined().utf8.count == bytes.count + Self.member.count + 1)
            }
        }
        #expect(Self.run(body.map { String($0) }).passed.joined().utf8.count < bytes.count)
    }

    @Test func whatDoesNotEndWithABraceIsNotHeld() {
        for body in ["[1]", "{\"a\":1", "{\"a\":1}x", "", "  ", "{} null"] {
            let (passed, end) = Self.run(body.map { String($0) })
            #expect(passed.joined() == body && end == nil, "\(body)")
        }
    }

    @Test func whiteSpaceThatNeverEndsIsNotHeld() {
        let space = String(repeating: " ", count: ObjectTail.longestHeld)
        for pieces in [["{\"a\":1}", space], ["{\"a\":1}" + space], ["{\"a\":1}", space, space, "}"]] {
            let (passed, end) = Self.run(pieces)
            #expect(passed.joined() == pieces.joined() && end == nil)
        }
        #expect(Self.run(["{\"a\":1}", String(space.dropLast())]).end?.hasPrefix(",\"x\":1}") == true)
    }
}
