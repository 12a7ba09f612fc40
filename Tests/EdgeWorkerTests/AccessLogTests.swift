import Domain
import IPC
import NIOCore
import NIOEmbedded
import Testing

@testable import EdgeWorker

/// The one line of each request.
@Suite struct AccessLogTests {
    private static let secret = "sk-canary-of-somebody"
    private static let end = StreamEnd(
        usage: TokenUsage(input: 7, output: 5), finish: .stop,
        attempts: [
            AttemptReport(
                call: 0, status: 200, billed: .yes, usageSource: .provider, usage: TokenUsage(input: 7, output: 5),
                cost: 17_000, firstContent: 1, total: 2)
        ])

    private func rig(
        _ format: LogFormat = .json, _ logging: RequestLogging = RequestLogging(), level: LogLevel = .info
    ) throws -> EdgeRig {
        try EdgeRig {
            $0.logLevel = level
            $0.logFormat = format
            $0.requestLogging = logging
        }
    }

    /// The lines with a message that have come so far, but for their time.
    private func lines(_ rig: EdgeRig, _ message: String = "request") -> [String] {
        rig.loop.run()
        return rig.sink.lines.filter { $0.contains(#""message":"\#(message)""#) }.map { String($0.dropLast()) }
    }

    private func record(_ reply: String) throws -> String {
        let start = try #require(reply.firstRange(of: "x-sluice-record: "))
        return String(reply[start.upperBound...].prefix(32))
    }

    private func serve(_ rig: EdgeRig, _ headers: [String] = []) throws -> String {
        let peer = try rig.upstream()
        let client = try rig.client()
        try client.send(FakeClient.post(FakeClient.chat, headers: headers))
        let stream = try #require(try peer.request()).stream
        rig.advance(.milliseconds(3))
        try peer.send(
            FakePeer.head(length: 2).frame(stream: stream) + FakePeer.chunk("{}", stream)
                + Self.end.frame(stream: stream))
        return try client.received()
    }

    @Test func whatIsKnownOfARequestThatWasServed() throws {
        let rig = try self.rig()
        let record = try self.record(
            try self.serve(rig, ["x-request-id: mine", "User-Agent: OpenAI/Python 1.2.3"]))
        #expect(
            self.lines(rig) == [
                #"{"time":"1994-11-06T08:49:37.000Z","level":"info","role":"edge","instance":7,"message":"request","#
                    + #""record":"\#(record)","request_id":"mine","client":"192.0.2.1","#
                    + #""key":"key_00000000000000000000000000000001","project":"proj_00000000000000000000000000000001","#
                    + #""method":"POST","endpoint":"chat_completions","model":"smart","provider":"local","status":200,"#
                    + #""outcome":"complete","bytes_in":31,"bytes_out":2,"duration_ms":3.000,"ttft_ms":3.000,"#
                    + #""attempts":1,"tokens_in":7,"tokens_out":5,"cost":0.000017000,"protocol":"HTTP/1.1","#
                    + #""user_agent":"OpenAI/Python 1.2.3"}"#
            ])
    }

    @Test func theSameAsText() throws {
        let rig = try self.rig(.text)
        let record = try self.record(try self.serve(rig, ["User-Agent: a=b \"c\""]))
        rig.loop.run()
        #expect(
            rig.sink.lines == [
                "1994-11-06T08:49:37.000Z info  edge/7 request record=\(record) client=192.0.2.1 "
                    + "key=key_00000000000000000000000000000001 project=proj_00000000000000000000000000000001 "
                    + "method=POST endpoint=chat_completions model=smart provider=local status=200 outcome=complete "
                    + "bytes_in=31 bytes_out=2 duration_ms=3.000 ttft_ms=3.000 attempts=1 tokens_in=7 tokens_out=5 "
                    + #"cost=0.000017000 protocol=HTTP/1.1 user_agent="a=b \"c\"""# + "\n"
            ])
    }

    @Test func whatTheGatewayAnswersItself() throws {
        let rig = try self.rig()
        let client = try rig.client("2001:db8::1")
        try client.send(FakeClient.head("GET /health?token=\(Self.secret) HTTP/1.1"))
        try client.send(FakeClient.post("{}", key: Self.secret))
        try client.send(FakeClient.post(#"{"messages":["\#(Self.secret)"]}"#))
        let lines = self.lines(rig)
        try #require(lines.count == 3)
        #expect(lines[0].contains(#""client":"2001:db8::1","method":"GET","endpoint":"health","status":200,"#))
        #expect(lines[0].contains(#""outcome":"complete","bytes_in":0,"bytes_out":15,"#))
        #expect(lines[1].contains(#""status":401,"outcome":"error","error":"invalid_api_key","#))
        #expect(!lines[1].contains(#""key""#) && !lines[1].contains(#""attempts""#))
        #expect(lines[2].contains(#""status":400,"outcome":"error","error":"missing_model","#))
        #expect(!rig.sink.lines.joined().contains(Self.secret))
    }

    @Test func whatWasNoRequest() throws {
        let rig = try self.rig()
        let broken = try rig.client()
        try broken.send("GET / HTTP/9.x\r\n\r\n")
        let late = try rig.client()
        try late.send("POST /v1/chat")
        rig.advance(.seconds(60))
        let long = try rig.client()
        try long.send(
            FakeClient.head(
                "POST /v1/chat/completions HTTP/1.1",
                ["Authorization: Bearer \(EdgeRig.key)", "Content-Length: 99999999999"]))
        let lines = self.lines(rig)
        try #require(lines.count == 3)
        #expect(lines[0].contains(#""endpoint":"unknown","status":400,"outcome":"error","error":"bad_request","#))
        #expect(!lines[0].contains(#""method""#))
        #expect(lines[1].contains(#""status":408,"outcome":"error","error":"request_timeout","#))
        #expect(lines[2].contains(#""method":"POST","endpoint":"chat_completions","status":413,"#))
    }

    @Test func aClientThatHasGone() throws {
        let rig = try self.rig()
        let peer = try rig.upstream()
        let client = try rig.client()
        try client.send(FakeClient.post(FakeClient.stream))
        _ = try #require(try peer.request())
        try client.channel.close().wait()
        #expect(self.lines(rig).isEmpty)
        #expect(try peer.answerCancels() == 1)
        let lines = self.lines(rig)
        try #require(lines.count == 1)
        #expect(lines[0].contains(#""status":499,"outcome":"disconnected","stream":true,"#))
        #expect(!lines[0].contains(#""error""#))
    }

    @Test(arguments: [
        (LogLevel.warning, RequestLogging()), (.error, RequestLogging()), (.info, RequestLogging(access: false)),
    ])
    func nothingIsWrittenWhereItIsOff(level: LogLevel, logging: RequestLogging) throws {
        let rig = try self.rig(.json, logging, level: level)
        _ = try self.serve(rig)
        #expect(self.lines(rig).isEmpty)
    }

    @Test func aReloadTurnsItOnAndOffAndChangesTheFormat() throws {
        let rig = try self.rig(level: .warning)
        var snapshot = EdgeRig.snapshot
        func serve() throws {
            let client = try rig.client()
            try client.send(FakeClient.head("GET /health HTTP/1.1"))
            #expect(try client.status() == 200)
        }
        try serve()
        #expect(rig.sink.lines.isEmpty)
        snapshot.logLevel = .debug
        rig.core.use(EdgeSettings(snapshot))
        try serve()
        #expect(self.lines(rig).count == 1)
        snapshot.logFormat = .text
        rig.core.use(EdgeSettings(snapshot))
        try serve()
        #expect(rig.sink.lines.last?.hasPrefix("1994-11-06T08:49:37.000Z info  edge/7 request record=") == true)
        let count = rig.sink.lines.count
        snapshot.requestLogging.access = false
        rig.core.use(EdgeSettings(snapshot))
        try serve()
        #expect(rig.sink.lines.count == count)
    }

    @Test func whatClientsSendAndGetOnlyWhereItIsWanted() throws {
        let plain = try self.rig()
        _ = try self.serve(plain)
        #expect(self.lines(plain, "content").isEmpty)
        let rig = try self.rig(.json, RequestLogging(access: true, prompts: true, responses: true))
        let record = try self.record(try self.serve(rig))
        let contents = self.lines(rig, "content")
        try #require(contents.count == 1)
        #expect(
            contents[0].hasSuffix(
                #""record":"\#(record)","prompt":"{\"model\":\"smart\",\"messages\":[]}","response":"{}"}"#))
        #expect(self.lines(rig).count == 1)
        // Cut, and still one line.
        let client = try rig.client()
        let long = String(repeating: "\\u0000", count: 2000)
        try client.send(FakeClient.post(#"{"model":"smart","messages":["\#(long)"]}"#))
        try client.channel.close().wait()
        rig.loop.run()
        let last = rig.sink.lines.last { $0.contains(#""message":"content""#) }
        #expect((last?.utf8.count ?? 0) < 4096)
    }

    /// Whatever a client sends, in every place where it is logged.
    @Test(arguments: LogFormat.allCases)
    func aLineStaysOneLine(format: LogFormat) throws {
        let rig = try self.rig(format, RequestLogging(access: true, prompts: true, responses: true))
        var sent = 0
        for byte in UInt8(1)...UInt8.max where byte != 0x0A && byte != 0x0D {
            let client = try rig.client()
            var head = Array("GET /v1/models HTTP/1.1\r\nHost: a\r\nUser-Agent: x".utf8)
            head += [byte, byte] + Array("\" level=error \\\r\nx-request-id: a".utf8) + [byte]
            head += Array("b\r\nx-api-key: \(EdgeRig.key)\r\n\r\n".utf8)
            try client.send(head)
            sent += 1
        }
        rig.loop.run()
        #expect(rig.sink.lines.count == sent)
        for line in rig.sink.lines {
            #expect(line.hasSuffix("\n") && line.utf8.dropLast().allSatisfy { $0 >= 0x20 && $0 != 0x7F })
            #expect(!line.unicodeScalars.contains { (0x80...0x9F).contains($0.value) })
            if format == .text { #expect(!line.contains(#" level=error \ "#) || line.contains("user_agent=\"")) }
        }
    }

    @Test func manyLinesOfATurnLoseNone() throws {
        let rig = try self.rig()
        let client = try rig.client()
        try client.send(String(repeating: FakeClient.head("GET /health HTTP/1.1"), count: 500))
        _ = try client.received()
        #expect(self.lines(rig).count == 500)
    }

    @Test(arguments: [
        ("192.0.2.1", "192.0.2.1"), ("::1", "::1"), ("::", "::"), ("2001:db8::1:0:0:1", "2001:db8::1:0:0:1"),
        ("2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"), ("1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"),
        ("fe80::", "fe80::"), ("1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"), ("::ffff:10.0.0.1", "10.0.0.1"),
    ])
    func addressesAsText(text: String, expected: String) throws {
        let address = try #require(unsafe Array(text.utf8).withUnsafeBytes { unsafe ClientAddress(text: $0) })
        #expect(address.text == expected)
    }
}
