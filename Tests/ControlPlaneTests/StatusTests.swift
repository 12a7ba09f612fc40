import Administration
import Domain
import IPC
import JSON
import Testing

@testable import ControlPlane

@Suite struct StatusTests {
    private final class Scene {
        var now: UInt64 = 100_000
        var orders: [Order] = []
        var noted: [AuditEntry] = []
        var providers: [ProviderStatus] = []
        private(set) lazy var board = StatusBoard(notices: ["a notice"]) { [unowned self] in self.now }
        private(set) lazy var service = AdministrationService(
            unavailable: "no database",
            resources: [
                StatusResource(board: self.board) { [unowned self] in self.providers },
                OrdersResource(
                    give: { [unowned self] in self.orders.append($0) },
                    note: { [unowned self] in self.noted.append($0) }),
            ])

        func ask(
            _ method: Administration.AdministrationRequest.Method, _ path: [String], _ body: [JSONValue.Member] = []
        ) -> (status: Int, text: String) {
            let reply = self.service.reply(
                to: Administration.AdministrationRequest(method: method, path: path, body: body))
            return (reply.status, String(decoding: reply.body, as: UTF8.self))
        }
    }

    private static func report(_ operations: [TreeReport.Operation] = []) -> TreeReport {
        TreeReport(
            state: .degraded, pid: 77, build: Array("0.9".utf8), age: 61_999, version: 4,
            listeners: ["https://127.0.0.1:8443"], quarantined: 1,
            processes: [
                .init(
                    role: .edge, index: 1, generation: 2, instance: 9, pid: 78, state: .ready, age: 5000, restarts: 3,
                    activeRequests: 12, version: 4, missing: [.landlock, .seccomp]),
                .init(
                    role: .control, index: 0, generation: 2, instance: 3, pid: 0, state: .waiting, age: 0, restarts: 1,
                    activeRequests: 0, version: 0, missing: []),
            ], operations: operations)
    }

    private static func failed(_ message: String, token: UInt64 = 0xAB) -> TreeReport.Operation {
        TreeReport.Operation(token: token, kind: .reload, state: .failed, message: message, age: 1500)
    }

    @Test func theWholeReportIsSaid() {
        let scene = Scene()
        scene.board.tell(
            Self.report([Self.failed("f:1:2: bad"), .init(token: 0, kind: .stop, state: .running, message: "", age: 0)])
        )
        let (status, text) = scene.ask(.get, ["status"])
        #expect(status == 200)
        #expect(
            text
                == #"{"state":"degraded","pid":77,"build":"0.9","uptime_seconds":61,"configuration_version":4,"#
                + #""listeners":["https://127.0.0.1:8443"],"quarantined":1,"processes":["#
                + #"{"role":"edge","index":1,"generation":2,"instance":9,"pid":78,"state":"ready","uptime_seconds":5,"#
                + #""restarts":3,"active_requests":12,"configuration_version":4,"#
                + #""missing_hardening":["landlock","seccomp"]},"#
                + #"{"role":"control","index":0,"generation":2,"instance":3,"pid":null,"state":"waiting","#
                + #""uptime_seconds":0,"restarts":1,"active_requests":0,"configuration_version":0,"#
                + #""missing_hardening":[]}],"operations":["#
                + #"{"token":"00000000000000ab","kind":"reload","state":"failed","message":"f:1:2: bad","age_seconds":1},"#
                + #"{"token":null,"kind":"stop","state":"running","message":"","age_seconds":0}],"#
                + #""providers":[],"notices":["a notice"]}"#)
    }

    @Test func providersAreAskedForEachTime() {
        let scene = Scene()
        scene.board.tell(Self.report())
        for name in ["openai", "other"] {
            scene.providers = [ProviderStatus(name: name, maxConnections: 9)]
            #expect(scene.ask(.get, ["status"]).text.contains(#""providers":[{"name":"\#(name)","breaker":null,"#))
        }
    }

    @Test func nothingOldIsSaid() {
        let scene = Scene()
        #expect(scene.ask(.get, ["status"]).status == 503)
        #expect(scene.ask(.get, ["status"]).text.contains("is starting"))
        scene.board.tell(Self.report())
        scene.now += StatusBoard.reportLife
        #expect(scene.ask(.get, ["status"]).status == 200)
        scene.now += 1
        let (status, text) = scene.ask(.get, ["status"])
        #expect(status == 503 && text.contains("said nothing"))
    }

    /// A report has room for 2 KiB of each message; control knows the whole of its own.
    @Test(arguments: ["x", "ü", "…"]) func refusalsAreSaidInFull(_ letter: String) {
        let scene = Scene()
        let whole = (0..<200).map { "problem \($0) \(String(repeating: letter, count: $0 % 7))" }.joined(
            separator: "\n")
        scene.board.keep(refusal: "another")
        scene.board.keep(refusal: whole)
        let operation = Self.failed(whole)
        #expect(operation.message.utf8.count < whole.utf8.count)
        scene.board.tell(Self.report([operation, Self.failed("short")]))
        #expect(scene.board.report?.operations.map(\.message) == [whole, "short"])
    }

    @Test func ordersGoToTheSupervisor() {
        let scene = Scene()
        for kind in OrderKind.ofOperators {
            let (status, text) = scene.ask(
                .post, ["orders"],
                [
                    .init(key: Array("kind".utf8), value: .string(Array(kind.label.utf8))),
                    .init(key: Array("token".utf8), value: .string(Array("00000000000000ff".utf8))),
                ])
            #expect(status == 202)
            #expect(text == #"{"token":"00000000000000ff","kind":"\#(kind.label)"}"#)
        }
        #expect(scene.orders == OrderKind.ofOperators.map { Order(token: 0xFF, kind: $0) })
        #expect(scene.noted.map(\.target) == OrderKind.ofOperators.map(\.label))
        #expect(scene.noted.allSatisfy { $0.action == .order && $0.kind == .gateway && $0.origin == .person })
        #expect(scene.noted.first?.after == Array(#"{"token":"00000000000000ff"}"#.utf8))
        let own = scene.ask(.post, ["orders"], [.init(key: Array("kind".utf8), value: .string(Array("reload".utf8)))])
        #expect(own.status == 202)
        #expect(scene.orders.last.map { $0.token != 0 && own.text.contains(FingerprintText.text($0.token)) } == true)
    }

    @Test(arguments: [
        ("reboot", "00000000000000ff"), ("", "00000000000000ff"), ("reload", "0000000000000000"), ("reload", "ff"),
        ("reload", ""),
    ])
    func otherOrdersAreRefused(kind: String, token: String) {
        let scene = Scene()
        let (status, _) = scene.ask(
            .post, ["orders"],
            [
                .init(key: Array("kind".utf8), value: .string(Array(kind.utf8))),
                .init(key: Array("token".utf8), value: .string(Array(token.utf8))),
            ])
        #expect(status == 422)
        #expect(scene.orders.isEmpty && scene.noted.isEmpty)
    }

    @Test func theRestIsRefused() {
        let scene = Scene()
        #expect(scene.ask(.post, ["status"]).status == 405)
        #expect(scene.ask(.get, ["orders"]).status == 405)
        #expect(scene.ask(.get, ["status", "x"]).status == 404)
        #expect(scene.ask(.get, ["keys"]).status == 503)
    }
}
