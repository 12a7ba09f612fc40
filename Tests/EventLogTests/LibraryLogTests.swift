import Domain
import EventLog
import Logging
import Synchronization
import Testing

/// What libraries log by swift-log. One test: a process hands its logging over once.
@Suite struct LibraryLogTests {
    private struct Failure: Error, CustomStringConvertible {
        var description: String { "bad\nluck" }
    }

    @Test func whatALibraryLogsLandsInTheSamePlace() {
        let sink = CollectingSink()
        let log = Log(
            role: .control, instance: 3, level: .info, sink: sink, wallMilliseconds: { 1_772_356_107_045 })
        log.takeOverProcess()
        var library = Logger(label: "some.library")
        let start =
            #"{"time":"2026-03-01T09:08:27.045Z","level":"info","role":"control","instance":3,"message":"#
        library[metadataKey: "level"] = "mine"
        library.info(
            "two\nlines",
            metadata: [
                "count": "\(7)", "n": .stringConvertible(7), "ok": .stringConvertible(true), "list": ["a", "\u{1B}"],
                "deep": ["x": "1"], "\n": "v",
            ])
        #expect(
            sink.lines.last == start
                + #""two\nlines","logger":"some.library","\n":"v","count":"7","deep":"[\"x\": \"1\"]","level_":"mine","#
                + #""list":["a","\u001b"],"n":7,"ok":true}"# + "\n")
        library = Logger(label: "other")
        library.notice("message", error: Failure())
        #expect(sink.lines.last == start + #""message","logger":"other","error":"bad\nluck"}"# + "\n")

        // One threshold and one format for all of them, the old ones too.
        library.debug("unheard")
        #expect(sink.lines.count == 2)
        let copy = log
        copy.level = .debug
        copy.format = .text
        library.debug("heard a=b", metadata: ["a b": "c d"])
        #expect(
            sink.lines.last
                == #"2026-03-01T09:08:27.045Z debug control/3 "heard a=b" logger=other a_b="c d""# + "\n")
        log.level = .error
        library.critical("it is over")
        library.warning("unheard")
        #expect(sink.lines.last == "2026-03-01T09:08:27.045Z error control/3 it is over logger=other\n")
    }
}
