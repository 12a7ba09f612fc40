import Domain
import IPC
import EventLog
import Testing
import WorkerRuntime

@Suite struct WorkerMachineTests {
    private static let build = Array("1".utf8)

    private static func hello(_ role: Role = .edge, instance: UInt32 = 7, build: [UInt8] = build) -> [UInt8] {
        Hello(role: role, instance: instance, host: 0xABC, build: build).frame()
    }

    private static func machine(_ role: Role = .edge) -> WorkerMachine {
        WorkerMachine(role: role, instance: 7, build: self.build)
    }

    private static func working(_ role: Role = .edge) -> WorkerMachine {
        var machine = self.machine(role)
        _ = machine.received(self.hello(role), descriptors: [], activeRequests: 0)
        return machine
    }

    private static func exitCode(_ actions: [WorkerMachine.Action]) -> Int32? {
        for case .exit(let code, _) in actions { return code }
        return nil
    }

    @Test func helloIsAnsweredAndStartsTheRole() {
        var machine = Self.machine()
        let actions = machine.received(Self.hello(), descriptors: [], activeRequests: 0)
        #expect(
            actions == [
                .send(Self.hello()), .start(Hello(role: .edge, instance: 7, host: 0xABC, build: Self.build)),
            ])
    }

    /// During an upgrade the supervisor is of the other build.
    @Test func aSupervisorOfAnotherBuildIsAnsweredWithThisOne() {
        var machine = Self.machine()
        let actions = machine.received(Self.hello(build: Array("2".utf8)), descriptors: [], activeRequests: 0)
        #expect(actions.first == .send(Self.hello()))
    }

    @Test func anotherProtocolIsRefusedWithBothNamed() {
        var other = Self.machine()
        let hello = Hello(protocolVersion: 9, role: .edge, instance: 7, build: Self.build).frame()
        #expect(
            other.received(hello, descriptors: [], activeRequests: 0)
                == [.exit(ExitCode.wrongBuild, reason: "the supervisor speaks protocol 9, this program 1")])
    }

    @Test func helloForSomebodyElseEndsIt() {
        for hello in [Self.hello(.upstream), Self.hello(instance: 8)] {
            var machine = Self.machine()
            let actions = machine.received(hello, descriptors: [], activeRequests: 0)
            #expect(Self.exitCode(actions) == ExitCode.protocolBroken)
        }
    }

    @Test func nothingComesBeforeHelloAndHelloOnlyOnce() {
        var machine = Self.machine()
        let early = machine.received(Heartbeat(sequence: 1).frame(), descriptors: [], activeRequests: 0)
        #expect(Self.exitCode(early) == ExitCode.protocolBroken)
        var working = Self.working()
        let second = working.received(Self.hello(), descriptors: [], activeRequests: 0)
        #expect(Self.exitCode(second) == ExitCode.protocolBroken)
    }

    @Test func heartbeatsAreAnsweredWithTheLoad() {
        var machine = Self.working()
        let beat = Heartbeat(sequence: 41, activeRequests: 5).frame()
        #expect(
            machine.received(beat, descriptors: [], activeRequests: 3)
                == [.send(Heartbeat(sequence: 41, activeRequests: 3).frame()), .count, .meanActiveRequests(5)])
        var upstream = Self.working(.upstream)
        #expect(
            upstream.received(beat, descriptors: [], activeRequests: 0)
                == [.send(Heartbeat(sequence: 41).frame()), .count])
    }

    @Test func onlyEdgesAndUpstreamsShareMemory() {
        for (role, peer, mayShare) in [
            (Role.edge, Role.upstream, true), (.upstream, .edge, true), (.edge, .control, false),
            (.edge, .aggregator, false), (.upstream, .aggregator, false), (.aggregator, .edge, false),
            (.control, .edge, false),
        ] {
            var machine = Self.working(role)
            let offer = LinkOffer(role: peer, instance: 9)
            let actions = machine.received(offer.frame(), descriptors: [11, 12], activeRequests: 0)
            if mayShare {
                #expect(actions == [.link(offer, descriptor: 11, area: 12)])
            } else {
                #expect(actions.first == .close([11, 12]))
                #expect(Self.exitCode(actions) == ExitCode.protocolBroken)
            }
        }
    }

    @Test func descriptorsLeaveInExactlyOneAction() {
        var machine = Self.working()
        #expect(
            machine.received(SnapshotNotice(version: 3).frame(), descriptors: [10], activeRequests: 0)
                == [.snapshot(version: 3, descriptor: 10)])
        let offer = LinkOffer(role: .upstream, instance: 9)
        #expect(
            machine.received(offer.frame(), descriptors: [11], activeRequests: 0)
                == [.link(offer, descriptor: 11, area: nil)])
        #expect(
            machine.received(offer.frame(), descriptors: [11, 12], activeRequests: 0)
                == [.link(offer, descriptor: 11, area: 12)])
        // Where none belongs, one is missing, or the packet is nonsense: all are closed and the process ends.
        for (frame, descriptors) in [
            (Heartbeat(sequence: 1).frame(), [12]), (SnapshotNotice(version: 1).frame(), [12, 13]),
            (SnapshotNotice(version: 1).frame(), []),
            (offer.frame(), [13, 14, 15]), (offer.frame(), []), ([1, 2, 3], [15]), (Self.hello(), [16]),
        ] as [([UInt8], [Int32])] {
            var machine = Self.working()
            let actions = machine.received(frame, descriptors: descriptors, activeRequests: 0)
            #expect(Self.exitCode(actions) == ExitCode.protocolBroken)
            #expect(actions.contains(.close(descriptors)) == !descriptors.isEmpty)
            // After the end whatever still comes is closed and nothing else happens.
            #expect(machine.received(offer.frame(), descriptors: [99], activeRequests: 0) == [.close([99])])
            #expect(machine.ended() == [])
        }
    }

    @Test func readyIsSaidOnce() {
        var machine = Self.machine()
        #expect(machine.ready(missing: []) == [])
        machine = Self.working()
        #expect(machine.ready(missing: .seccomp) == [.send(Ready(missing: .seccomp).frame())])
        #expect(machine.ready(missing: []) == [])
    }

    @Test func aRefusedSnapshotEndsItOnlyBeforeReady() {
        var machine = Self.working()
        #expect(
            machine.acknowledged(version: 2, refusal: nil) == [.send(SnapshotAcknowledged(version: 2).frame())])
        var other = machine
        #expect(
            other.acknowledged(version: 3, refusal: "no")
                == [.exit(ExitCode.snapshotRefused, reason: "the snapshot cannot be used: no")])
        #expect(other.acknowledged(version: 4, refusal: nil) == [])
        _ = machine.ready(missing: [])
        #expect(
            machine.acknowledged(version: 3, refusal: "no")
                == [.send(SnapshotAcknowledged(version: 3, refusal: "no").frame())])
    }

    @Test func listenersComeWithTheirDescriptors() {
        let offer = ListenerOffer(
            version: 2, entries: [.init(name: "a", hasTLS: true), .init(name: "b", hasTLS: false)])
        var machine = Self.working()
        #expect(
            machine.received(offer.frame(), descriptors: [5, 6, 7, 8], activeRequests: 0)
                == [.listeners(offer, descriptors: [5, 6, 7, 8])])
        for (role, descriptors) in [(Role.edge, [5, 6, 7]), (.edge, [5, 6, 7, 8, 9]), (.upstream, [5, 6, 7, 8])]
            as [(Role, [Int32])]
        {
            var machine = Self.working(role)
            let actions = machine.received(offer.frame(), descriptors: descriptors, activeRequests: 0)
            #expect(Self.exitCode(actions) == ExitCode.protocolBroken)
            #expect(actions.first == .close(descriptors))
        }
    }

    @Test func drainGoesToTheRoleAndEndsWithIt() {
        var machine = Self.working()
        #expect(
            machine.received(Drain(timeout: 500).frame(), descriptors: [], activeRequests: 0)
                == [.drain(timeout: 500, lastResort: nil)])
        // Shortened by a second one; then the supervisor goes away: the last known timeout holds.
        #expect(
            machine.received(Drain(timeout: 0).frame(), descriptors: [], activeRequests: 0)
                == [.drain(timeout: 0, lastResort: nil)])
        #expect(machine.ended() == [.drain(timeout: 0, lastResort: 5000)])
        #expect(machine.drained() == [.exit(0, reason: nil)])
        #expect(machine.drained() == [])
    }

    @Test func aLostSupervisorMeansDrainWithTheDefault() {
        var machine = Self.working()
        #expect(machine.ended() == [.drain(timeout: 30_000, lastResort: 35_000)])
        var early = Self.machine()
        #expect(early.ended() == [.exit(0, reason: nil)])
    }

    @Test func roleSpecificMessagesGoToThatRoleOnly() {
        let offer = MetricPageOffer(pages: [.init(role: .edge, slot: 2), .init(role: .control, slot: 0)])
        var aggregator = Self.working(.aggregator)
        #expect(
            aggregator.received(offer.frame(), descriptors: [8, 9], activeRequests: 0)
                == [.metricPages(offer, descriptors: [8, 9])])
        for descriptors: [Int32] in [[], [8], [8, 9, 10]] {
            var strict = Self.working(.aggregator)
            let actions = strict.received(offer.frame(), descriptors: descriptors, activeRequests: 0)
            #expect(Self.exitCode(actions) == ExitCode.protocolBroken)
            #expect(actions.contains(.close(descriptors)) == !descriptors.isEmpty)
        }
        var control = Self.working(.control)
        #expect(control.received(Ready().frame(), descriptors: [], activeRequests: 0) == [.activate])
        var upstream = Self.working(.upstream)
        #expect(upstream.received(Ready().frame(), descriptors: [], activeRequests: 0) == [.activate])
        #expect(
            upstream.received(ReopenLogs().frame(), descriptors: [7], activeRequests: 0)
                == [.reopenLogs(descriptor: 7)])
        let (reload, refused) = (ReloadRequest(version: 2), ReloadRefused(version: 2, message: "no"))
        let report = TreeReport(
            state: .ready, pid: 1, build: [1], age: 2, version: 3, listeners: [], quarantined: 0, processes: [],
            operations: [])
        #expect(control.received(reload.frame(), descriptors: [], activeRequests: 0) == [.reload(reload)])
        #expect(control.received(refused.frame(), descriptors: [], activeRequests: 0) == [.reloadRefused(refused)])
        #expect(control.received(report.frame(), descriptors: [], activeRequests: 0) == [.report(report)])
        for frame in [offer.frame(), reload.frame(), refused.frame(), report.frame(), ReopenLogs().frame()] {
            var edge = Self.working(.edge)
            let actions = edge.received(frame, descriptors: [], activeRequests: 0)
            #expect(Self.exitCode(actions) == ExitCode.protocolBroken)
        }
    }

    @Test func anyBytesAreSurvived() {
        var random = SystemRandomNumberGenerator()
        let frames = [
            Self.hello(), Heartbeat(sequence: 1).frame(), Drain(timeout: 1).frame(), SnapshotNotice(version: 1).frame(),
        ]
        for _ in 0..<3000 {
            var bytes = frames.randomElement(using: &random) ?? []
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                switch Int.random(in: 0..<3, using: &random) {
                case 0 where !bytes.isEmpty:
                    bytes[Int.random(in: 0..<bytes.count, using: &random)] = .random(in: 0...255, using: &random)
                case 1 where !bytes.isEmpty: bytes.removeLast()
                default: bytes.append(.random(in: 0...255, using: &random))
                }
            }
            var machine = Self.working()
            let actions = machine.received(bytes, descriptors: [5], activeRequests: 0)
            // The descriptor goes somewhere, whatever the bytes are.
            let leaves = actions.filter {
                switch $0 {
                case .close([5]), .snapshot(_, 5), .link(_, 5, nil), .reopenLogs(5), .listeners(_, [5]): true
                default: false
                }
            }
            #expect(leaves.count == 1)
        }
    }
}
