import Domain
import Glibc
import EventLog
import Platform
import Testing

@Suite struct LogTests {
    private let sink = CollectingSink()

    private func log(_ level: LogLevel = .debug) -> Log {
        Log(role: .edge, instance: 7, level: level, sink: self.sink, wallMilliseconds: { 1_772_356_107_045 })
    }

    @Test func aLineHasItsFieldsInOrder() {
        self.log().info(
            "ready", ["port": 80, "addresses": .list(["a", "b\""]), "ok": true, "bytes": .int(UInt32.max)])
        #expect(
            self.sink.lines == [
                #"{"time":"2026-03-01T09:08:27.045Z","level":"info","role":"edge","instance":7,"message":"ready","#
                    + #""port":80,"addresses":["a","b\""],"ok":true,"bytes":4294967295}"# + "\n"
            ])
    }

    @Test func nothingIsEvaluatedBelowTheThreshold() {
        var evaluated = 0
        func fields() -> LogFields {
            evaluated += 1
            return ["n": 1]
        }
        let log = self.log(.warning)
        log.debug("a", fields())
        log.info("b", fields())
        #expect(evaluated == 0)
        log.warning("c", fields())
        log.error("d", fields())
        #expect(evaluated == 2)
        #expect(self.sink.lines.count == 2)
    }

    @Test(arguments: [
        ("two\nlines\r", #"two\nlines\r"#),
        ("\u{1B}[31mred", #"\u001b[31mred"#),
        ("\u{9B}31m", #"\u009b31m"#),
        (#"quote " and \"#, #"quote \" and \\"#),
        ("\u{0}\u{7F}\t", #"\u0000\u007f\t"#),
        ("\u{202E}abc\u{2028}", #"\u202eabc\u2028"#),
        ("grüße 😀", "grüße 😀"),
    ])
    func textCannotForgeALineOrDriveATerminal(text: String, escaped: String) {
        self.log().info("m", ["v": .string(text)])
        #expect(self.sink.lines.first?.hasSuffix(#""v":"\#(escaped)"}"# + "\n") == true)
    }

    @Test func bytesThatAreNotTextAreReplaced() {
        self.log().info("m", ["v": .bytes([0x61, 0xFF, 0x62, 0x0A])])
        #expect(self.sink.lines.first?.hasSuffix("\"v\":\"a\u{FFFD}b\\n\"}" + "\n") == true)
    }

    @Test func aLineIsAtMost4KiBAndStillWhole() {
        self.log().info("m", ["a": .string(String(repeating: "x", count: 10_000)), "b": 1])
        self.log().info(
            "m",
            ["a": .string(String(repeating: "x", count: 2000)), "b": .string(String(repeating: "\n", count: 2000))])
        self.log().info("m", ["a": .list(Array(repeating: "0123456789", count: 1000)), "b": 2])
        #expect(self.sink.sizes.allSatisfy { $0 <= 4096 })
        #expect(self.sink.lines[0].hasSuffix(#"x…","b":1}"# + "\n"))
        #expect(self.sink.lines[2].hasSuffix(#""message":"m","b":2,"cut":true}"# + "\n"))
    }

    @Test(arguments: [
        (UInt64(0), "1970-01-01T00:00:00.000Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        (1_735_689_599_999, "2024-12-31T23:59:59.999Z"),
        (UInt64.max, "9999-12-31T23:59:59.999Z"),
    ])
    func timesAreRFC3339(milliseconds: UInt64, text: String) {
        #expect(Timestamp.text(milliseconds: milliseconds) == text)
    }

    @Test func aFullPipeCostsLinesNotTime() throws {
        let pair = try SocketPair(.stream)
        let sink = StandardErrorSink(descriptor: pair.first.number)
        let line = [UInt8](repeating: 0x61, count: 4096)
        for _ in 0..<200 { sink.write(line) }
        #expect(sink.droppedLines > 0 && sink.droppedLines < 200)
    }

    @Test func aPipeInBlockingModeIsNotWaitedFor() throws {
        var ends: [Int32] = [-1, -1]
        #expect(unsafe pipe(&ends) == 0)
        let reading = OwnedDescriptor(adopting: ends[0])
        let writing = OwnedDescriptor(adopting: ends[1])
        let sink = StandardErrorSink(descriptor: writing.number)
        let line = [UInt8](repeating: 0x61, count: 4096)
        for _ in 0..<100 { sink.write(line) }
        // 64 KiB is what a pipe holds.
        #expect(sink.droppedLines == 84)
        _ = reading.number
    }
}
