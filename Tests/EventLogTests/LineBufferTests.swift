import Domain
import EventLog
import Glibc
import Platform
import Testing

@Suite struct LineBufferTests {
    private let sink = CollectingSink()

    private func log(_ format: LogFormat) -> Log {
        Log(
            role: .edge, instance: 7, level: .debug, format: format, sink: self.sink,
            wallMilliseconds: { 1_772_356_107_045 })
    }

    private func line(_ format: LogFormat, _ fill: (inout LineBuffer) -> Void) -> String {
        var buffer = self.log(format).makeBuffer(keeping: 0)
        buffer.begin(.info, "message", milliseconds: 1_772_356_107_045)
        fill(&buffer)
        buffer.end()
        return String(decoding: buffer.bytes, as: UTF8.self)
    }

    private static let jsonStart =
        #"{"time":"2026-03-01T09:08:27.045Z","level":"info","role":"edge","instance":7,"message":"message","#
    private static let textStart = "2026-03-01T09:08:27.045Z info  edge/7 message "

    @Test func everyKindOfValueInBothFormats() {
        func fill(_ buffer: inout LineBuffer) {
            buffer.add("u", UInt64.max)
            buffer.add("i", Int64.min)
            buffer.add("yes", true)
            buffer.add("no", false)
            buffer.add("zero", 0, places: 3)
            buffer.add("ms", 12_034, places: 3)
            buffer.add("cost", 5, places: 9)
            buffer.add("word", word: "GET")
            buffer.add("id", prefix: "key_", RecordID(high: 0x0123_4567_89ab_cdef, low: 0xfedc_ba98_7654_3210))
            buffer.add("text", text: "a b")
            buffer.add("plain", text: "a/b:c@1.5+_-")
            buffer.add("empty", text: "")
            buffer.add("raw", bytes: [0x61, 0xFF])
        }
        #expect(
            self.line(.json, fill) == Self.jsonStart
                + #""u":18446744073709551615,"i":-9223372036854775808,"yes":true,"no":false,"zero":0.000,"#
                + #""ms":12.034,"cost":0.000000005,"word":"GET","id":"key_0123456789abcdeffedcba9876543210","#
                + "\"text\":\"a b\",\"plain\":\"a/b:c@1.5+_-\",\"empty\":\"\",\"raw\":\"a\u{FFFD}\"}\n")
        #expect(
            self.line(.text, fill) == Self.textStart
                + "u=18446744073709551615 i=-9223372036854775808 yes=true no=false zero=0.000 ms=12.034 "
                + "cost=0.000000005 word=GET id=key_0123456789abcdeffedcba9876543210 text=\"a b\" "
                + "plain=a/b:c@1.5+_- empty=\"\" raw=\"a\u{FFFD}\"\n")
    }

    @Test func anEventInTheTextFormat() {
        self.log(.text).warning("it broke", ["n": -1, "ok": false, "list": .list(["a", "b c"]), "why": "x=y \"z\""])
        #expect(
            self.sink.lines == [
                #"2026-03-01T09:08:27.045Z warning edge/7 it broke n=-1 ok=false list=[a,"b c"] why="x=y \"z\"""# + "\n"
            ])
    }

    /// Every byte value and every pair with a few dangerous ones, in every place that takes somebody's bytes.
    @Test(arguments: LogFormat.allCases)
    func whateverTheBytesALineStaysOne(format: LogFormat) {
        let log = self.log(format)
        let companions: [[UInt8]] = [
            [], [0x0A], [0x1B], [0x22], [0x5C], [0xC2], [0xE2, 0x80], [0xFF], Array("padding so".utf8),
        ]
        for byte in UInt8.min...UInt8.max {
            for companion in companions {
                for bytes in [[byte] + companion, companion + [byte], companion + [byte] + companion + companion] {
                    let text = String(decoding: bytes, as: UTF8.self)
                    var buffer = log.makeBuffer(keeping: 0)
                    buffer.begin(.info, "message", milliseconds: 1)
                    buffer.add("a", text: text)
                    buffer.add("b", bytes: bytes)
                    buffer.add("c", text: text, limit: 4)
                    buffer.end()
                    Self.check(buffer.bytes, format)
                    var fields: LogFields = ["v": .bytes(bytes), "w": .list([text, text])]
                    fields.append(text, .string(text))
                    log.info("m", fields)
                }
            }
        }
        for line in self.sink.bytes { Self.check(line, format) }
        #expect(self.sink.bytes.count == 256 * 9 * 3)
    }

    /// What turns, hides or breaks text, in UTF-8.
    @Test(arguments: LogFormat.allCases)
    func whatIsNotSeenIsEscaped(format: LogFormat) {
        let scalars: [UInt32] = [
            0x80, 0x85, 0x9B, 0xAD, 0x61C, 0x200B, 0x200E, 0x200F, 0x2028, 0x2029, 0x202A, 0x202E, 0x2060, 0x2066,
            0x2069,
            0xFEFF, 0xE0001, 0xE0041,
        ]
        for value in scalars {
            guard let scalar = Unicode.Scalar(value) else { continue }
            let line = self.line(format) { $0.add("v", text: "a\(scalar)b") }
            #expect(!line.unicodeScalars.contains(scalar), "\(String(value, radix: 16))")
            #expect(line.contains(#"a\u"#))
        }
    }

    private static func check(_ line: [UInt8], _ format: LogFormat) {
        let text = String(decoding: line, as: UTF8.self)
        #expect(Array(text.utf8) == line, "valid UTF-8")
        #expect(line.last == 0x0A && line.dropLast().allSatisfy { $0 >= 0x20 && $0 != 0x7F }, "\(text)")
        // Quotes end where they should: what is outside of them is this module's own.
        var isQuoted = false
        var isEscaped = false
        for byte in line.dropLast() {
            if isEscaped {
                isEscaped = false
            } else if isQuoted, byte == 0x5C {
                isEscaped = true
            } else if byte == 0x22 {
                isQuoted.toggle()
            } else if !isQuoted {
                #expect(byte < 0x80 && byte != 0x5C, "\(text)")
            }
        }
        #expect(!isQuoted && !isEscaped, "\(text)")
        if format == .json { #expect(line.first == 0x7B && line.dropLast().last == 0x7D) }
    }

    @Test(arguments: LogFormat.allCases)
    func aLineIsAtMost4KiBAndSaysWhatIsMissing(format: LogFormat) {
        let line = self.line(format) { buffer in
            for _ in 0..<3 { buffer.add("a", text: String(repeating: "\u{1}", count: 3000)) }
            buffer.add("b", 1 as UInt64)
        }
        #expect(line.utf8.count <= LineBuffer.longestLine)
        #expect(line.hasSuffix(format == .json ? #","b":1,"cut":true}"# + "\n" : " b=1 cut=true\n"))
    }

    @Test func manyLinesLeaveInWholePieces() {
        var buffer = self.log(.json).makeBuffer(keeping: 32 << 10)
        var count = 0
        while !buffer.isFull {
            buffer.begin(.info, "message", milliseconds: UInt64(count))
            buffer.add("text", text: String(repeating: "x", count: count * 37 % 2000))
            buffer.end()
            count += 1
        }
        var pieces: [[UInt8]] = []
        unsafe buffer.drain { unsafe pieces.append(Array($0)) }
        #expect(pieces.allSatisfy { $0.count <= 4096 && $0.last == 0x0A && $0.first == 0x7B })
        #expect(pieces.joined().count { $0 == 0x0A } == count)
        let isEmpty = buffer.isEmpty
        #expect(isEmpty)
    }

    @Test func lostLinesAreCountedAndSaidOnce() throws {
        var ends: [Int32] = [-1, -1]
        #expect(unsafe pipe(&ends) == 0)
        let reading = OwnedDescriptor(adopting: ends[0])
        let writing = OwnedDescriptor(adopting: ends[1])
        let sink = StandardErrorSink(descriptor: writing.number)
        let log = Log(role: .edge, sink: sink)
        var buffer = log.makeBuffer(keeping: 32 << 10)
        var sent: UInt64 = 0
        while sink.droppedLines == 0 {
            while !buffer.isFull {
                buffer.begin(.info, "message", milliseconds: 1)
                buffer.add("n", sent)
                buffer.end()
                sent += 1
            }
            log.write(&buffer)
        }
        log.sayLosses()
        let dropped = sink.droppedLines
        var room = [UInt8](repeating: 0, count: 1 << 20)
        let first = unsafe read(reading.number, &room, room.count)
        #expect(room[..<first].count { $0 == 0x0A } == Int(sent - dropped))
        log.sayLosses()
        log.sayLosses()
        let second = unsafe read(reading.number, &room, room.count)
        let text = String(decoding: room[..<second], as: UTF8.self)
        #expect(text.contains(#""message":"log lines lost","lines":\#(dropped)}"#))
        #expect(text.utf8.count { $0 == 0x0A } == 1)
        #expect(sink.droppedLines == dropped)
    }
}
