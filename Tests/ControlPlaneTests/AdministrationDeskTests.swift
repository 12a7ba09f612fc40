import Administration
import Domain
import EventLog
import Glibc
import JSON
import Platform
import Synchronization
import Testing

@testable import ControlPlane

@Suite struct AdministrationDeskTests {
    /// Answers `here` on the loop.
    private final class Here: AdministrationResource {
        let routes = [
            APIRoute(.get, ["here"], id: "here", summary: "", tag: "here", replies: [202: nil]) {
                (_: inout AdministrationCall) throws(AdministrationFailure) in
                AdministrationReply(status: 202, body: [])
            }
        ]
    }

    /// Whether stores can be opened, and how often that was tried.
    private final class Door: Sendable {
        let isOpen: Atomic<Bool>
        let knocks = Atomic<Int>(0)

        init(isOpen: Bool) {
            self.isOpen = Atomic(isOpen)
        }
    }

    private let folder: TemporaryFolder
    private let loop: EpollLoop
    private let desk: AdministrationDesk
    private let sink = LineSink()

    init() throws {
        self.folder = try TemporaryFolder()
        try self.folder.makeFolder("run", mode: 0o700)
        self.loop = try EpollLoop()
        self.desk = try AdministrationDesk(
            loop: self.loop, log: Log(role: .control, sink: self.sink), context: DeskContext(limits: LimitSettings()),
            tree: [Here()], reason: "not open yet")
    }

    private func open(threads: Int = 1, _ door: Door = Door(isOpen: true)) throws {
        let source = try Self.source(self.folder.path)
        self.desk.open(threads: threads) { () throws(StartFailure) in
            door.knocks.add(1, ordering: .relaxed)
            guard door.isOpen.load(ordering: .relaxed) else {
                throw StartFailure("PostgreSQL 10.1.2.3:5432/doors: the door is shut")
            }
            let store = try source.open()
            return DeskBench(store: store, service: AdministrationService(store: store, limits: LimitSettings()))
        }
    }

    private static func source(_ path: String) throws -> AdministrationSource {
        AdministrationSource(
            stateDirectory: path, vault: try Vault(MasterKeySource(stateDirectory: path, environment: { _ in nil })))
    }

    private func turn(until isDone: () -> Bool) throws {
        for _ in 0..<3000 where !isDone() { try self.loop.turn(waitingAtMost: 10_000_000) }
        #expect(isDone())
    }

    private func ask(_ path: String, _ method: AdministrationRequest.Method = .get, name: String? = nil) throws
        -> AdministrationReply
    {
        let body = name.map { [JSONValue.Member(key: Array("name".utf8), value: .string(Array($0.utf8)))] } ?? []
        var reply: AdministrationReply?
        self.desk.submit(AdministrationRequest(method: method, path: [path], body: body)) { reply = $0 }
        try self.turn { reply != nil }
        return try #require(reply)
    }

    @Test func answersComeFromThreadsAndThoseOfTheTreeAtOnce() throws {
        #expect(try self.ask("projects").status == 503)
        try self.open(threads: 3)
        #expect(try self.ask("projects").status == 200)
        var statuses: [Int] = []
        for index in 0..<40 {
            self.desk.submit(
                AdministrationRequest(
                    method: .post, path: ["keys"],
                    body: [JSONValue.Member(key: Array("name".utf8), value: .string(Array("k\(index % 20)".utf8)))])
            ) { statuses.append($0.status) }
        }
        var here = 0
        self.desk.submit(AdministrationRequest(method: .get, path: ["here"])) { here = $0.status }
        // Before any turn of the loop.
        #expect(here == 202)
        #expect(statuses.isEmpty)
        try self.turn { statuses.count == 40 }
        #expect(statuses.filter { $0 == 201 }.count == 20)
        #expect(statuses.filter { $0 == 409 }.count == 20)
    }

    @Test func theLoopDoesNotWaitAndTheQueueIsBounded() throws {
        try self.open()
        #expect(try self.ask("projects").status == 200)
        var done = 0
        var refused = 0
        let held = Held()
        for _ in 0..<(AdministrationDesk.capacity + 20) {
            self.desk.perform({ (_: DeskBench) in held.wait() }) { result in
                switch result {
                case .success: done += 1
                case .failure(let failure):
                    #expect(failure.code == "busy")
                    refused += 1
                }
            }
        }
        // The thread may have taken one already.
        #expect((19...20).contains(refused))
        try self.loop.turn(waitingAtMost: 1_000_000)
        #expect(done == 0)
        held.letGo()
        try self.turn { done + refused == AdministrationDesk.capacity + 20 }
    }

    /// Keeps threads until it is let go.
    private final class Held: Sendable {
        private let isHeld = Atomic<Bool>(true)

        func wait() { while self.isHeld.load(ordering: .acquiring) { usleep(100) } }

        func letGo() { self.isHeld.store(false, ordering: .releasing) }
    }

    @Test func aStoreThatCannotBeOpenedIsTriedForAgain() throws {
        let door = Door(isOpen: false)
        try self.open(door)
        let refusal = try self.ask("projects")
        #expect(refusal.status == 503)
        // Where it is and why it is shut is for operators.
        let words = String(decoding: refusal.body, as: UTF8.self)
        #expect(words.contains("the log of control says why") && words.contains("storage_failed"))
        #expect(!words.contains("10.1.2.3") && !words.contains("door"))
        #expect(self.sink.text.contains("PostgreSQL 10.1.2.3:5432/doors: the door is shut"))
        for _ in 0..<50 { _ = try self.ask("projects") }
        // Asking does not make it try more often than it does by the clock.
        #expect(door.knocks.load(ordering: .relaxed) < 10)
        door.isOpen.store(true, ordering: .relaxed)
        let began = Clocks.monotonicNanoseconds()
        while try self.ask("projects").status != 200 {
            try self.loop.turn(waitingAtMost: 20_000_000)
            try #require(Clocks.monotonicNanoseconds() - began < 10_000_000_000)
        }
    }

    @Test func whatIsAskedOfTheTreeIsWrittenDown() throws {
        let audit = TreeAudit(log: Log(role: .control, sink: self.sink))
        audit.desk = self.desk
        let entry = AuditEntry(.person, .order, .gateway, "reload", organization: nil)
        // While there is no database a line of the log says so, and who it was.
        audit.note(entry)
        #expect(self.sink.text.contains("not in the audit log") && self.sink.text.contains(#""actor":"uid:0""#))
        try self.open()
        audit.note(entry)
        let listed = try self.ask("audit-log")
        let text = String(decoding: listed.body, as: UTF8.self)
        #expect(listed.status == 200 && text.contains(#""action":"order","kind":"gateway","target":"reload""#))
        #expect(self.sink.text.split(separator: "\n").count { $0.contains("not in the audit log") } == 1)
    }

    @Test func closingAnswersWhatIsUnderWayAndRefusesTheRest() throws {
        try self.open()
        #expect(try self.ask("projects").status == 200)
        let held = Held()
        var results: [Bool] = []
        for _ in 0..<5 {
            self.desk.perform({ (_: DeskBench) in held.wait() }) { result in
                if case .success = result { results.append(true) } else { results.append(false) }
            }
        }
        usleep(50_000)
        var isClosed = false
        self.desk.close { isClosed = true }
        #expect(!isClosed)
        #expect(results.allSatisfy { !$0 })
        held.letGo()
        try self.turn { isClosed }
        #expect(results.count == 5)
        #expect(results.filter { $0 }.count <= 1)
        #expect(try self.ask("projects").status == 503)
    }
}
