import Domain
import Glibc
import IPC
import EventLog
import Metrics
import Platform
import Synchronization
import Testing
import WorkerRuntime

private struct NoSink: LogSink {
    func write(_ line: [UInt8]) {}
}

/// Remembers what it was told.
private final class RecordingRole: WorkerRole {
    var events: [String] = []
    var verdict = SnapshotVerdict.inForce
    var activeRequests: UInt32 = 4
    var links: [Int32] = []
    var pages: [Int32] = []
    var counted = 0

    func start(hello: Hello) { self.events.append("start \(hello.host)") }
    func receive(snapshot bytes: [UInt8], version: UInt64) -> SnapshotVerdict {
        self.events.append("snapshot \(version) \(String(decoding: bytes, as: UTF8.self))")
        return self.verdict
    }
    func receive(link offer: LinkOffer, descriptor: Int32, area: Int32?) {
        self.events.append("link \(offer.role.label) \(offer.instance)")
        self.links.append(descriptor)
    }
    func receive(listeners: ListenerOffer, descriptors: [Int32]) {
        self.events.append("listeners \(listeners.version) \(listeners.entries.map(\.name))")
        self.links += descriptors
    }
    func receive(pages offer: MetricPageOffer, descriptors: [Int32]) { self.pages += descriptors }
    func count() { self.counted += 1 }
    func activate() { self.events.append("activate") }
    func drain(timeout: UInt64) { self.events.append("drain \(timeout)") }
    func meanActiveRequests(_ mean: UInt32) { self.events.append("mean \(mean)") }
}

@Suite struct ControlLineTests {
    private let supervisor: PacketSocket
    private let worker: PacketSocket
    private let role = RecordingRole()
    private let exits = Exits()

    private final class Exits {
        var codes: [Int32] = []
    }

    init() throws {
        let pair = try SocketPair(.packets)
        self.supervisor = PacketSocket(pair.first)
        self.worker = PacketSocket(pair.second)
    }

    private func makeEndpoint() -> ControlLineEndpoint {
        let exits = self.exits
        let endpoint = ControlLineEndpoint(
            machine: WorkerMachine(role: .edge, instance: 7, build: [1]), sender: self.worker.sender,
            log: Log(role: .edge, sink: NoSink()), exit: { exits.codes.append($0) })
        endpoint.role = self.role
        return endpoint
    }

    private var hello: [UInt8] { Hello(role: .edge, instance: 7, host: 5, build: [1]).frame() }

    private func received() throws -> [UInt8]? {
        if case .packet(let bytes, _) = try self.supervisor.receive() { bytes } else { nil }
    }

    @Test func aWholeConversationOnTheEpollLoop() throws {
        let loop = try EpollLoop()
        let endpoint = self.makeEndpoint()
        _ = try EpollControlLine(socket: self.worker, endpoint: endpoint, loop: loop)
        let snapshot = try SealedMemory.make(name: "s", bytes: Array("abc".utf8))
        let link = try SocketPair(.stream)
        try self.supervisor.send(self.hello)
        try self.supervisor.send(SnapshotNotice(version: 2).frame(), descriptors: [snapshot.number])
        try self.supervisor.send(
            LinkOffer(role: .upstream, instance: 8).frame(), descriptors: [link.first.number])
        try self.supervisor.send(Heartbeat(sequence: 1, activeRequests: 6).frame())
        try loop.turn(waitingAtMost: 1_000_000_000)
        #expect(self.role.events == ["start 5", "snapshot 2 abc", "link upstream 8", "mean 6"])
        #expect(try self.received() == self.hello)
        #expect(try self.received() == SnapshotAcknowledged(version: 2).frame())
        #expect(try self.received() == Heartbeat(sequence: 1, activeRequests: 4).frame())
        endpoint.missing = .landlock
        endpoint.ready()
        #expect(try self.received() == Ready(missing: .landlock).frame())
        try self.supervisor.send(Drain(timeout: 9).frame())
        try loop.turn(waitingAtMost: 1_000_000_000)
        #expect(self.role.events.last == "drain 9")
        endpoint.drained()
        #expect(self.exits.codes == [0])
        // The link is the one that was sent: what is written to its other end arrives.
        let mine = OwnedDescriptor(adopting: try #require(self.role.links.first))
        #expect(ImmediateOutput.write([42], to: link.second.number))
        var byte: UInt8 = 0
        #expect(unsafe read(mine.number, &byte, 1) == 1)
        #expect(byte == 42)
    }

    @Test func theMetricPageIsBroughtUpToDateWithEachHeartbeat() throws {
        let endpoint = self.makeEndpoint()
        func value(_ name: String) -> MetricValue? { endpoint.page.series().first { $0.name == name }?.value }
        endpoint.received(.packet(bytes: self.hello, descriptors: []))
        #expect(self.role.counted == 0 && value("sluice_process_resident_memory_bytes") == nil)
        for beat: UInt64 in 1...3 {
            endpoint.received(.packet(bytes: Heartbeat(sequence: beat).frame(), descriptors: []))
        }
        #expect(self.role.counted == 3)
        guard case .gauge(let bytes)? = value("sluice_process_resident_memory_bytes") else {
            return #expect(Bool(false))
        }
        #expect(bytes > 1 << 20)
        guard case .counter(let time)? = value("sluice_process_cpu_seconds_total") else { return #expect(Bool(false)) }
        #expect(time > 0)
    }

    @Test func pagesReachTheRole() throws {
        let endpoint = ControlLineEndpoint(
            machine: WorkerMachine(role: .aggregator, instance: 7, build: [1]), sender: self.worker.sender,
            log: Log(role: .aggregator, sink: NoSink()), exit: { _ in })
        endpoint.role = self.role
        let hello = Hello(role: .aggregator, instance: 7, host: 5, build: [1]).frame()
        endpoint.received(.packet(bytes: hello, descriptors: []))
        let offer = MetricPageOffer(pages: [.init(role: .edge, slot: 3)])
        endpoint.received(.packet(bytes: offer.frame(), descriptors: [99]))
        #expect(self.role.pages == [99])
    }

    @Test func aSnapshotTheRoleRefusesEndsTheProcess() throws {
        let endpoint = self.makeEndpoint()
        self.role.verdict = .refused("no")
        let snapshot = try SealedMemory.make(name: "s", bytes: [1])
        endpoint.received(.packet(bytes: self.hello, descriptors: []))
        endpoint.received(
            .packet(bytes: SnapshotNotice(version: 1).frame(), descriptors: [dup(snapshot.number)]))
        #expect(self.exits.codes == [ExitCode.snapshotRefused])
    }

    @Test func aLaterSnapshotThatIsRefusedIsOnlySaidSo() throws {
        let endpoint = self.makeEndpoint()
        let snapshot = try SealedMemory.make(name: "s", bytes: [1])
        endpoint.received(.packet(bytes: self.hello, descriptors: []))
        endpoint.ready()
        self.role.verdict = .refused("no")
        endpoint.received(
            .packet(bytes: SnapshotNotice(version: 3).frame(), descriptors: [dup(snapshot.number)]))
        self.role.verdict = .later
        endpoint.received(
            .packet(bytes: SnapshotNotice(version: 4).frame(), descriptors: [dup(snapshot.number)]))
        #expect(try self.received() == self.hello)
        #expect(try self.received() == Ready().frame())
        #expect(try self.received() == SnapshotAcknowledged(version: 3, refusal: "no").frame())
        #expect(try self.received() == nil)
        endpoint.acknowledge(version: 4)
        #expect(try self.received() == SnapshotAcknowledged(version: 4).frame())
        // One that is not sealed is no reason to end either.
        let file = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
        endpoint.received(.packet(bytes: SnapshotNotice(version: 5).frame(), descriptors: [file]))
        #expect(try self.received() != nil)
        #expect(self.exits.codes == [])
    }

    @Test func listenersReachTheRole() throws {
        let endpoint = self.makeEndpoint()
        endpoint.received(.packet(bytes: self.hello, descriptors: []))
        let offer = ListenerOffer(version: 2, entries: [.init(name: "a", hasTLS: false)])
        endpoint.received(.packet(bytes: offer.frame(), descriptors: [41]))
        endpoint.received(.packet(bytes: Ready().frame(), descriptors: []))
        #expect(self.role.events == ["start 5", "listeners 2 [\"a\"]", "activate"])
        #expect(self.role.links == [41])
        self.role.links = []
    }

    @Test func theLogIsReopened() throws {
        let old = try SocketPair(.stream)
        let new = try SocketPair(.stream)
        let exits = self.exits
        let endpoint = ControlLineEndpoint(
            machine: WorkerMachine(role: .edge, instance: 7, build: [1]), sender: self.worker.sender,
            log: Log(role: .edge, sink: NoSink()), errorDescriptor: old.first.number,
            exit: { exits.codes.append($0) })
        endpoint.received(.packet(bytes: self.hello, descriptors: []))
        let copy = dup(new.first.number)
        endpoint.received(.packet(bytes: ReopenLogs().frame(), descriptors: [copy]))
        #expect(ImmediateOutput.write([42], to: old.first.number))
        var byte: UInt8 = 0
        #expect(unsafe read(new.second.number, &byte, 1) == 1)
        #expect(byte == 42)
        #expect(fcntl(copy, F_GETFD) == -1)
        #expect(self.exits.codes == [])
    }

    @Test func aSnapshotThatIsNotSealedEndsTheProcess() throws {
        let endpoint = self.makeEndpoint()
        endpoint.received(.packet(bytes: self.hello, descriptors: []))
        let file = unsafe open("/dev/null", O_RDONLY | O_CLOEXEC)
        endpoint.received(.packet(bytes: SnapshotNotice(version: 1).frame(), descriptors: [file]))
        #expect(self.exits.codes == [ExitCode.snapshotRefused])
        #expect(self.role.events == ["start 5"])
        // And it is closed.
        #expect(fcntl(file, F_GETFD) == -1)
    }

    @Test func answersThatDoNotFitAreSentLater() throws {
        let endpoint = self.makeEndpoint()
        endpoint.received(.packet(bytes: self.hello, descriptors: []))
        #expect(try self.received() == self.hello)
        // Fill the socket.
        var filled = 0
        while (try? self.worker.send([UInt8](repeating: 0, count: 4000))) != nil { filled += 1 }
        #expect(filled > 0)
        endpoint.ready()
        let topology = TopologyAnnouncement(
            version: 1, host: 2,
            topology: Topology(
                listeners: [], edges: 1, upstreams: 1, drainTimeout: 0, stateDirectory: "/", logLevel: .info))
        let memory = try SealedMemory.make(name: "s", bytes: [1])
        endpoint.announce(topology, descriptors: [memory.number])
        for _ in 0..<filled { _ = try self.received() }
        #expect(try self.received() == nil)
        endpoint.received(.packet(bytes: Heartbeat(sequence: 1).frame(), descriptors: []))
        #expect(try self.received() == Ready().frame())
        guard case .packet(let bytes, let descriptors) = try self.supervisor.receive() else {
            Issue.record("the announcement is lost")
            return
        }
        #expect(bytes == topology.frame())
        #expect(descriptors.count == 1)
        descriptors.forEach { close($0) }
        #expect(try self.received() == Heartbeat(sequence: 1, activeRequests: 4).frame())
    }

    @Test func theThreadHandsEverythingOverToTheEnd() throws {
        try self.supervisor.send(self.hello)
        try self.supervisor.send(Heartbeat(sequence: 3).frame())
        #expect(shutdown(self.supervisor.number, Int32(SHUT_WR)) == 0)
        var seen: [String] = []
        ThreadControlLine.read(self.worker) {
            switch $0 {
            case .packet(let bytes, _): seen.append("\(bytes.count)")
            case .ended: seen.append("ended")
            default: seen.append("?")
            }
        }
        #expect(seen == ["\(self.hello.count)", "28", "ended"])
    }

    @Test func aFailureOfTheRoleEndsTheProcessOnce() throws {
        let endpoint = self.makeEndpoint()
        endpoint.received(.packet(bytes: self.hello, descriptors: []))
        endpoint.fail(StartFailure("no", code: 73))
        endpoint.fail(StartFailure("no", code: 74))
        endpoint.drained()
        #expect(self.exits.codes == [73])
    }
}
