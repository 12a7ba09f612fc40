import Domain
import Foundation
import Platform
import Resilience
import TestSupport
import Testing

@testable import Limits

/// The board beside the slots.
@Suite struct HealthBoardTests {
    private let folder: URL
    private let table: LimitTable
    private let board: HealthBoard

    init() throws {
        self.folder = FileManager.default.temporaryDirectory.appendingPathComponent("board-\(UUID().uuidString)")
        let path = LimitTable.providersPath(stateDirectory: self.folder.path)
        try FileManager.default.createDirectory(
            atPath: LimitTable.providersFolder(stateDirectory: self.folder.path), withIntermediateDirectories: true)
        self.table = try LimitTable.create(
            path, shape: LimitTableShape(slots: 256, places: 10, holdsPerPlace: 16, boardEntries: 64),
            boot: BootID.current())
        try self.table.publish()
        self.board = try #require(HealthBoard(self.table))
    }

    private func again(_ access: LimitTable.Access = .writing) throws -> LimitTable {
        try LimitTable.open(self.table.path, access, boot: BootID.current())
    }

    private func target(_ number: Int) -> HealthID { .target(provider: "p", model: Array("m\(number)".utf8)) }

    @Test func aTableWithoutBoardIsAsItWas() throws {
        let shape = LimitTableShape(slots: 1_024, places: 4, holdsPerPlace: 64)
        let layout = try #require(TableLayout(shape))
        #expect(layout.cellsStart == 512 + 1_024 + 4 * 64 * 40)
        #expect(layout.shape == shape)
        let fixture = try LimitFixture()
        #expect(HealthBoard(fixture.table) == nil)
        let bytes = try Data(contentsOf: URL(fileURLWithPath: fixture.path)).prefix(80)
        #expect(bytes.suffix(8).allSatisfy { $0 == 0 })
        defer { try? FileManager.default.removeItem(at: self.folder) }
        // The number is one of those that the checksum holds.
        var whole = try Data(contentsOf: URL(fileURLWithPath: self.table.path))
        whole[72] = 63
        let path = self.table.path + ".other"
        try whole.write(to: URL(fileURLWithPath: path))
        #expect(throws: LimitTableError.table(path: path, .damaged)) {
            try LimitTable.open(path, .reading, boot: BootID.current())
        }
    }

    @Test func namesAreFoundByAll() throws {
        defer { try? FileManager.default.removeItem(at: self.folder) }
        #expect(self.table.shape.boardEntries == 64)
        let other = try #require(HealthBoard(self.again()))
        #expect(self.board.find(self.target(1)) == nil)
        let entry = try #require(self.board.enter(self.target(1)))
        #expect(other.find(self.target(1)) == entry && other.enter(self.target(1)) == entry)
        #expect(other.find(self.target(2)) == nil && other.taken == 1)
        #expect(self.board.exchange(entry, 3, 0, 77) && !other.exchange(entry, 3, 0, 78))
        #expect(other.load(entry, 3) == 77)
        // The name itself is nobody's to change.
        other.store(entry, 0, 1)
        #expect(!other.exchange(entry, 0, self.board.load(entry, 0), 1) && other.find(self.target(1)) == entry)
        for (entry, word) in [(-1, 1), (64, 1), (1, -1), (1, 8), (.max, 1), (.min, 1)] {
            other.store(entry, word, 5)
            #expect(other.load(entry, word) == 0 && !other.exchange(entry, word, 0, 5))
        }
        let reading = try #require(HealthBoard(self.again(.reading)))
        #expect(reading.find(self.target(1)) == entry && reading.enter(self.target(9)) == nil)
        #expect(!reading.exchange(entry, 3, 77, 78))
    }

    @Test func clientsDoNotFillIt() throws {
        defer { try? FileManager.default.removeItem(at: self.folder) }
        let entered = (0..<1_000).count { self.board.enter(self.target($0), isChosenByClients: true) != nil }
        #expect(entered == 48 && self.board.taken == 48)
        // What they have running neither, with however many processes.
        let words = (0..<10).map { self.board.runningWord(self.target(0), place: $0, isChosenByClients: true) }
        #expect(words.allSatisfy { $0 == nil })
        #expect(self.board.taken == 48)
        for number in 0..<16 { #expect(self.board.enter(.provider("q\(number)")) != nil) }
        #expect(self.board.enter(.provider("one more")) == nil)
        #expect(self.board.enter(.provider("q3")) != nil && self.board.find(self.target(3)) != nil)
        #expect(self.board.find(.provider("one more")) == nil)
    }

    @Test func namesDiffer() {
        let key = Secret(Array("abcdefgh".utf8))
        let ids: [HealthID] = [
            .provider("a"), .provider("b"), .provider(""), .provider("ab"), .target(provider: "a", model: [0x62]),
            .target(provider: "a", model: []), .target(provider: "ab", model: []), .target(provider: "a", model: [0]),
            .target(provider: "a", model: [0, 0]), .key(provider: "a", value: key),
            .key(provider: "a", value: Secret([])),
            .key(provider: "a", value: key, model: []), .key(provider: "a", value: key, model: [1]),
            .key(provider: "a", value: Secret(Array("abcdefg".utf8)), model: Array("h".utf8)),
        ]
        #expect(Set(ids).count == ids.count)
        #expect(HealthID.provider("a") == HealthID.provider("a"))
        var seen = Set<HealthID>()
        for number in 0..<20_000 { seen.insert(self.target(number)) }
        #expect(seen.count == 20_000 && Set(seen.map(\.low)).count == 20_000 && Set(seen.map(\.high)).count == 20_000)
    }

    @Test func runningCallsOfTheLivingCount() throws {
        defer { try? FileManager.default.removeItem(at: self.folder) }
        let id = HealthID.provider("p")
        var owners: [LimitOwner] = []
        for instance: UInt32 in 1...9 {
            let owner = LimitOwner(try self.again())
            let place = try #require(owner.join(instance))
            let word = try #require(self.board.runningWord(id, place: place))
            self.board.store(word.entry, word.word, HealthBoard.running(instance, instance: instance))
            owners.append(owner)
        }
        #expect(self.board.running(id) == 45)
        #expect(self.board.runningWord(id, place: 10) == nil && self.board.runningWord(id, place: -1) == nil)
        owners[8].leave()
        #expect(self.board.running(id) == 36)
        // Who comes to the place begins at 0.
        let next = LimitOwner(try self.again())
        #expect(next.join(20) == 8)
        #expect(self.board.running(id) == 36 && self.board.running(.provider("q")) == 0)
    }

    @Test func operatorsSeeIt() throws {
        defer { try? FileManager.default.removeItem(at: self.folder) }
        let reader = try HealthReader.open(stateDirectory: self.folder.path)
        let (provider, key) = (HealthID.provider("p"), HealthID.key(provider: "p", value: Secret([1])))
        #expect(reader.breaker(provider) == .closed && reader.key(key, snapshot: 1) == .usable)
        #expect(reader.latency(provider) == nil && !reader.hasRefusedModels(key) && reader.isCurrent)
        let now = self.table.windowTime()
        let entry = try #require(self.board.enter(provider))
        let opened = BreakerWord().failed(nil, isTooMany: true, at: now, BreakerSettings(open: 20_000))
        self.board.store(entry, HealthWords.Target.breaker, opened.raw)
        self.board.store(entry, HealthWords.Target.latency, LatencyWord().counted(1_234, at: now).raw)
        guard case .open(let wait) = reader.breaker(provider) else { return #expect(Bool(false)) }
        #expect(wait > 10_000 && wait <= 20_000 && reader.latency(provider) == 1_234)
        let due = BreakerWord().failed(nil, isTooMany: true, at: now - 30_000, BreakerSettings(open: 20_000))
        self.board.store(entry, HealthWords.Target.breaker, due.raw)
        #expect(reader.breaker(provider) == .open(probeIn: 0))
        self.board.store(entry, HealthWords.Target.breaker, try #require(due.probed(at: now)).word.raw)
        #expect(reader.breaker(provider) == .halfOpen)
        let keys = try #require(self.board.enter(key))
        self.board.store(keys, HealthWords.Key.cooldown, CooldownWord().limited(for: 50_000, at: now).raw)
        guard case .cooling(let rest) = reader.key(key, snapshot: 1) else { return #expect(Bool(false)) }
        #expect(rest > 40_000 && rest <= 50_000)
        self.board.store(keys, HealthWords.Key.out, KeyOutWord().refused(nil, 1, at: now).raw)
        self.board.store(keys, HealthWords.Key.status, 402)
        guard case .out(402, let probe) = reader.key(key, snapshot: 1) else { return #expect(Bool(false)) }
        #expect(probe > 50_000 && probe <= 60_000)
        guard case .cooling = reader.key(key, snapshot: 2) else { return #expect(Bool(false)) }
        self.board.store(keys, HealthWords.Key.models, 1)
        #expect(reader.hasRefusedModels(key) && reader.boardRoom() == (64, 2))
    }

    /// Bytes that nobody has written: nothing traps, and nothing goes on for ever.
    @Test func anyBytesAreHarmless() throws {
        defer { try? FileManager.default.removeItem(at: self.folder) }
        var random = SplitMix(seed: 41)
        let reader = try HealthReader.open(stateDirectory: self.folder.path)
        for _ in 0..<50 {
            for entry in 0..<64 {
                for word in 0..<8 where random.next() % 3 != 0 {
                    self.table.mapping.setBoard(entry, word, random.next() % 5 == 0 ? .max : random.next())
                }
            }
            self.table.mapping.setHeader(TableLayout.Header.boardTaken, random.next())
            for number in 0..<40 {
                let id = self.target(number)
                _ = (self.board.find(id), self.board.enter(id, isChosenByClients: number % 2 == 0))
                _ = (self.board.running(id), self.board.taken, reader.breaker(id), reader.latency(id))
                _ = (reader.key(id, snapshot: random.next()), reader.running(id))
            }
        }
    }
}
