import Domain
import IPC
import Platform
import Testing

@testable import Supervisor

/// Whole trees that are upgraded.
@Suite struct UpgradeTests {
    private static func seats(_ generation: UInt32) -> [Seat] {
        ([Seat.control, .aggregator, ModelTree.upstream] + ModelTree.edges).map {
            Seat(role: $0.role, index: $0.index, generation: generation)
        }
    }

    private static let descriptors: [Int32] = [60, 61, 62, 63, 64]

    /// A tree whose new control has announced.
    private static func standingBy() -> ModelTree {
        var tree = ModelTree.up()
        #expect(tree.machine.beginUpgrade(at: tree.now) == nil)
        tree.perform(tree.machine.take())
        tree.say(Self.seats(2)[0], ModelTree.announcement.frame(), descriptors: Self.descriptors)
        return tree
    }

    /// A tree in which the new generation serves.
    private static func takenOver() -> ModelTree {
        var tree = Self.standingBy()
        for seat in Self.seats(2) { tree.ready(seat) }
        tree.exit(.control)
        tree.exit(.aggregator)
        return tree
    }

    private static func failures(_ actions: [SupervisorAction]) -> [String] {
        actions.compactMap { if case .note(.upgradeFailed(let reason)) = $0 { reason } else { nil } }
    }

    private static func sends(_ actions: [SupervisorAction], _ seat: Seat) -> [[UInt8]] {
        actions.compactMap { if case .send(seat, let frame) = $0 { frame } else { nil } }
    }

    private static func signals(_ actions: [SupervisorAction]) -> Set<Seat> {
        Set(actions.compactMap { if case .signal(let seat, 9) = $0 { seat } else { nil } })
    }

    // MARK: The way forward

    @Test func theNewGenerationIsLinkedWithItselfOnly() {
        var tree = Self.standingBy()
        let actions = tree.take()
        #expect(actions.contains(.adoptStandby(2, ModelTree.announcement, descriptors: Self.descriptors)))
        let spawned = actions.compactMap { if case .spawn(let seat) = $0 { seat } else { nil } }
        #expect(spawned == Self.seats(2))
        #expect(spawned.allSatisfy { tree.machine.isOnStandby($0) })
        let links = actions.compactMap { action -> (Seat, Seat)? in
            if case .link(let a, _, let b, _) = action { (a, b) } else { nil }
        }
        #expect(links.count == 7)
        #expect(links.allSatisfy { $0.0.generation == 2 && $0.1.generation == 2 })
        // Nobody is told that its time has come.
        for seat in Self.seats(2) { #expect(!Self.sends(actions, seat).contains(Ready().frame())) }
    }

    @Test func theOldFilesAreLetGoBeforeTheNewGenerationServes() {
        var tree = Self.standingBy()
        _ = tree.take()
        for seat in Self.seats(2) { tree.ready(seat) }
        let drain = Drain(timeout: UpgradeMachine.filesDrain).frame()
        var actions = tree.take()
        #expect(Self.sends(actions, .control) == [drain] && Self.sends(actions, .aggregator) == [drain])
        for edge in ModelTree.edges { #expect(Self.sends(actions, edge) == []) }
        tree.exit(.control)
        #expect(tree.machine.serving.number == 1)
        tree.exit(.aggregator)
        actions = tree.take()
        #expect(tree.machine.serving.number == 2)
        for seat in Self.seats(2) { #expect(Self.sends(actions, seat) == [Ready().frame()]) }
        for edge in ModelTree.edges { #expect(Self.sends(actions, edge) == [Drain(timeout: 60_000).frame()]) }
        #expect(Self.sends(actions, ModelTree.upstream) == [])
        #expect(actions.contains(.restoreBacklogs))
    }

    @Test func oldUpstreamsEndAfterTheOldEdgesThenTheSupervisorIsReplaced() {
        var tree = Self.takenOver()
        _ = tree.take()
        tree.exit(ModelTree.edges[0])
        #expect(Self.sends(tree.take(), ModelTree.upstream) == [])
        tree.exit(ModelTree.edges[1])
        #expect(Self.sends(tree.take(), ModelTree.upstream) == [Drain(timeout: 5000).frame()])
        tree.exit(ModelTree.upstream)
        let actions = tree.take()
        #expect(actions.contains(.forgetGeneration(1)))
        #expect(actions.contains(.replaceSupervisor))
        #expect(actions.contains(.note(.upgraded(generation: 2))))
        #expect(tree.machine.other == nil)
        #expect(Set(tree.machine.slots.keys) == Set(Self.seats(2)))
        // And again.
        #expect(tree.machine.beginUpgrade(at: tree.now) == nil)
        tree.perform(tree.machine.take())
        #expect(tree.take().contains(.spawn(Seat(role: .control, index: 0, generation: 3))))
    }

    @Test func nobodyStillThereAtTheEndOfTheDrainLives() {
        var tree = Self.takenOver()
        _ = tree.take()
        let new = Self.seats(2)
        tree.wait(65_000, answering: new + ModelTree.edges + [ModelTree.upstream])
        #expect(Self.signals(tree.take()) == Set(ModelTree.edges))
        for edge in ModelTree.edges { tree.exit(edge, .signal(9)) }
        tree.wait(10_000, answering: new + [ModelTree.upstream])
        #expect(Self.signals(tree.take()) == [ModelTree.upstream])
        tree.exit(ModelTree.upstream, .signal(9))
        #expect(tree.take().contains(.replaceSupervisor))
    }

    @Test func anOldUpstreamThatDiesWhileItsEdgesFinishComesBackToThem() {
        var tree = Self.takenOver()
        _ = tree.take()
        tree.exit(ModelTree.upstream, .signal(9))
        tree.wait(100, answering: Self.seats(2))
        let actions = tree.take()
        #expect(actions.contains(.spawn(ModelTree.upstream)))
        let links = actions.compactMap { action -> Seat? in
            if case .link(ModelTree.upstream, _, let peer, _) = action { peer } else { nil }
        }
        #expect(links == ModelTree.edges)
        #expect(!tree.machine.isOnStandby(ModelTree.upstream))
    }

    @Test func aNewProcessThatDiesOnceItServesComesBack() {
        var tree = Self.takenOver()
        _ = tree.take()
        let edge = Self.seats(2)[3]
        tree.exit(edge, .signal(9))
        tree.wait(100, answering: Self.seats(2))
        #expect(tree.take().contains(.spawn(edge)))
        #expect(!tree.machine.isOnStandby(edge))
        #expect(tree.machine.upgrade.isRunning)
    }

    // MARK: The way back

    @Test(arguments: 0..<5) func aNewProcessThatDiesOnStandbyEndsItAll(index: Int) {
        var tree = Self.standingBy()
        _ = tree.take()
        let seat = Self.seats(2)[index]
        let others = Self.seats(2).filter { $0 != seat }
        for other in others.dropLast() { tree.ready(other) }
        tree.exit(seat, .signal(11))
        var actions = tree.take()
        #expect(Self.signals(actions) == Set(others))
        #expect(Self.failures(actions) == [])
        for other in others { tree.exit(other, .signal(9)) }
        actions = tree.take()
        #expect(Self.failures(actions) == ["the new \(seat.role.program) ended (signal 11)"])
        #expect(actions.contains(.forgetGeneration(2)))
        Self.expectAsBefore(&tree)
    }

    @Test func aNewControlThatDiesBeforeItAnnouncesEndsItAll() {
        var tree = ModelTree.up()
        #expect(tree.machine.beginUpgrade(at: tree.now) == nil)
        tree.perform(tree.machine.take())
        _ = tree.take()
        tree.exit(Self.seats(2)[0], .code(78))
        #expect(Self.failures(tree.take()) == ["the new sluice-control ended (exit 78)"])
        Self.expectAsBefore(&tree)
    }

    @Test func whoIsNeverReadyEndsItAll() {
        var tree = Self.standingBy()
        _ = tree.take()
        for seat in Self.seats(2).dropLast() { tree.ready(seat) }
        tree.wait(30_000, answering: Self.seats(1) + Self.seats(2))
        #expect(Self.signals(tree.take()) == Set(Self.seats(2)))
        for seat in Self.seats(2) { tree.exit(seat, .signal(9)) }
        #expect(Self.failures(tree.take()) == ["the new processes were not ready within 30 s"])
        Self.expectAsBefore(&tree)
    }

    /// Nothing is as it was not before the upgrade, and whoever dies then comes back.
    private static func expectAsBefore(_ tree: inout ModelTree) {
        #expect(tree.machine.serving.number == 1 && tree.machine.other == nil && !tree.machine.upgrade.isRunning)
        #expect(Set(tree.machine.slots.keys) == Set(Self.seats(1)))
        #expect(tree.machine.slots.values.allSatisfy { $0.state == .ready })
        _ = tree.take()
        tree.exit(ModelTree.edges[0], .signal(9))
        tree.wait(100, answering: Self.seats(1))
        #expect(tree.take().contains(.spawn(ModelTree.edges[0])))
        #expect(tree.machine.beginUpgrade(at: tree.now) == nil)
    }

    @Test func anOldProcessThatDiesMeanwhileComesBackAsItWas() {
        for seat in Self.seats(1) {
            var tree = Self.standingBy()
            _ = tree.take()
            tree.exit(seat, .signal(9))
            tree.wait(100, answering: Self.seats(1) + Self.seats(2))
            #expect(tree.take().contains(.spawn(seat)))
            #expect(!tree.machine.isOnStandby(seat))
            #expect(tree.machine.upgrade.isRunning)
        }
    }

    @Test func aNewProcessThatDiesAsTheOldFilesAreLetGoIsStartedAgain() {
        for seat in Self.seats(2) {
            var tree = Self.standingBy()
            for other in Self.seats(2) { tree.ready(other) }
            _ = tree.take()
            tree.exit(seat, .signal(9))
            tree.wait(100, answering: Self.seats(1) + Self.seats(2))
            #expect(tree.take().contains(.spawn(seat)))
            tree.exit(.aggregator)
            tree.exit(.control)
            #expect(tree.machine.serving.number == 2)
            #expect(Self.sends(tree.take(), seat).contains(Ready().frame()))
        }
    }

    @Test func differentBuildsProtocolsAndFormatsAreNamed() {
        var other = SharedFormats.current
        other.numbers[0] += 1
        var older = SharedFormats.current
        older.numbers[5] -= 1
        let answers: [(PreflightAnswer?, String)] = [
            (nil, "the new sluice-edge cannot take over: it is broken"),
            (PreflightAnswer(build: [1]), "the new programs are of different builds: c and \u{1} (sluice-edge)"),
            (
                PreflightAnswer(protocolVersion: 9, build: ModelTree.nextBuild),
                "restart needed: the new sluice-edge speaks protocol 9, the one that runs 1"
            ),
            (
                PreflightAnswer(build: ModelTree.nextBuild, formats: other),
                "restart needed: limits.table has format 1, the new program 2 (sluice-edge)"
            ),
            (
                PreflightAnswer(build: ModelTree.nextBuild, formats: older),
                "restart needed: usage.db has format \(SharedFormats.usageSchema), the new program "
                    + "\(SharedFormats.usageSchema - 1) (sluice-edge)"
            ),
        ]
        for (answer, reason) in answers {
            var tree = ModelTree.up()
            tree.answersPreflight = false
            #expect(tree.machine.beginUpgrade(at: tree.now) == nil)
            tree.perform(tree.machine.take())
            for role in UpgradeMachine.asked.dropLast() { tree.preflighted(role) }
            _ = tree.take()
            tree.preflighted(.edge, answer)
            let actions = tree.take()
            #expect(Self.failures(actions) == [reason])
            #expect(actions.contains(.stopPreflight) && actions.contains(.forgetPrograms))
            tree.answersPreflight = true
            Self.expectAsBefore(&tree)
        }
    }

    @Test func expandingSchemasAreNoObstacle() {
        var newer = SharedFormats.current
        newer.numbers[4] += 1
        newer.numbers[5] += 3
        #expect(SharedFormats.current.obstacle(to: newer) == nil)
        #expect(newer.obstacle(to: .current) != nil)
    }

    // MARK: What is refused

    @Test func aSecondOneIsRefusedUntilTheOldOnesHaveEnded() {
        var tree = ModelTree()
        #expect(tree.machine.beginUpgrade(at: tree.now) == "the gateway is not ready yet")
        tree = Self.standingBy()
        #expect(tree.machine.beginUpgrade(at: tree.now) == "an upgrade is under way")
        tree = Self.takenOver()
        #expect(
            tree.machine.beginUpgrade(at: tree.now)
                == "processes of the generation before still finish their requests")
    }

    @Test func aStopEndsBothGenerations() {
        for isTakenOver in [false, true] {
            var tree = isTakenOver ? Self.takenOver() : Self.standingBy()
            tree.stop(.drain)
            _ = tree.take()
            for seat in Array(tree.running.keys) where seat.role == .edge { tree.exit(seat) }
            for seat in Array(tree.running.keys) where seat.role != .aggregator { tree.exit(seat) }
            for seat in Array(tree.running.keys) { tree.exit(seat) }
            #expect(tree.take().last == .exit(0))
        }
    }

    @Test func aFastStopInThePreflightStopsTheAsking() {
        var tree = ModelTree.up()
        tree.answersPreflight = false
        #expect(tree.machine.beginUpgrade(at: tree.now) == nil)
        tree.perform(tree.machine.take())
        tree.stop(.fast)
        #expect(tree.take().contains(.stopPreflight))
    }

    // MARK: Another program goes on

    @Test func theStateIsTheSameInTheProgramThatGoesOn() throws {
        var tree = Self.takenOver()
        for seat in ModelTree.edges + [ModelTree.upstream] { tree.exit(seat) }
        tree.exit(Self.seats(2)[4], .signal(11))
        tree.say(
            Self.seats(2)[1],
            Suspects(instance: tree.machine.poison.open.first?.instance ?? 0, fingerprints: [7, 8]).frame())
        tree.wait(1500, answering: Self.seats(2))
        var writer = WireWriter()
        tree.machine.write(to: &writer)
        var resumed = try WireReader.decode(writer.bytes) { (reader) throws(WireReader.Malformed) in
            try SupervisorMachine(from: &reader, build: ModelTree.nextBuild)
        }
        var again = WireWriter()
        resumed.write(to: &again)
        #expect(again.bytes == writer.bytes)
        #expect(resumed.deadline == tree.machine.deadline)
        #expect(resumed.slots == tree.machine.slots && resumed.serving == tree.machine.serving)
        // It goes on with the heartbeats where the other has stopped.
        let now = resumed.deadline
        // The report names the build, which is another one.
        func others(_ actions: [SupervisorAction]) -> [SupervisorAction] {
            actions.filter { if case .report = $0 { false } else { true } }
        }
        let (new, old) = (resumed.tick(at: now), tree.machine.tick(at: now))
        #expect(others(new) == others(old) && new.count == old.count)
        // Anything else is refused, and does not trap.
        for index in writer.bytes.indices {
            var bytes = writer.bytes
            bytes[index] ^= 0xFF
            _ = try? WireReader.decode(bytes) { (reader) throws(WireReader.Malformed) in
                try SupervisorMachine(from: &reader, build: [])
            }
        }
        #expect(throws: WireReader.Malformed.self) {
            try WireReader.decode(Array(writer.bytes.dropLast())) { (reader) throws(WireReader.Malformed) in
                try SupervisorMachine(from: &reader, build: [])
            }
        }
    }

    @Test func theShellsStateIsReadBack() {
        let state = SupervisorState(
            folder: "/opt/sluice", configuration: "/etc/sluice.yaml", null: 5, standardError: 4, logFile: nil,
            environment: 6,
            children: [.init(seat: Self.seats(2)[3], pid: 77, process: 7, line: 8)],
            listeners: [
                .init(number: 9, path: nil, tls: .init(certificate: 20, key: 21)), .init(number: 10, path: "/run/x"),
            ], snapshots: [11, 12, 13, 14],
            instanceFile: 15, programs: [.edge: 16, .control: 17],
            pages: [
                .init(role: .edge, slot: 1, number: 18, holder: Self.seats(2)[3]),
                .init(role: .edge, slot: 1, number: 19, holder: nil),
            ], machine: [1, 2, 3])
        #expect(SupervisorState(decoding: state.encoded()) == state)
        #expect(state.descriptors.count == 18)
        for length in 0..<state.encoded().count {
            #expect(SupervisorState(decoding: Array(state.encoded().prefix(length))) == nil)
        }
        var twice = state
        twice.null = 6
        #expect(SupervisorState(decoding: twice.encoded()) == nil)
    }

    @Test func aPreflightAnswerIsReadBack() {
        let answer = PreflightAnswer(build: [1, 2])
        #expect(PreflightAnswer(decoding: answer.encoded()) == answer)
        #expect(PreflightAnswer(decoding: answer.encoded() + [0]) == nil)
        #expect(PreflightAnswer(decoding: []) == nil)
    }
}
