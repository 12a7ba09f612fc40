import Database
import Domain
import Journal
import Testing

@testable import UsageStore

/// What is told to those who follow requests.
@Suite struct FollowingTests {
    private var source = RecordSource()
    private let other = Principal(
        organization: EntityID(high: 9, low: 9), project: EntityID(high: 1, low: 5), key: EntityID(high: 2, low: 6))

    /// A follower, and the database it follows.
    private struct Scene {
        // Its end is that of the database.
        let store: TestStore
        let reader: UsageReader
        let writer: any UsageSink
        var follower: RequestFollower

        mutating func look(_ now: UInt64, limit: Int = 100) throws -> [(RequestEvent.What, RecordID)] {
            try self.reader.follow(&self.follower, now: now, limit: limit).map { ($0.what, $0.request.record) }
        }
    }

    private func scene(
        _ product: DatabaseProduct, _ start: RequestFollower.Start = .now, organization: EntityID? = nil
    ) throws -> Scene {
        let store = try TestStore(product)
        let writer = try store.writer()
        return Scene(
            store: store, reader: try store.reader(), writer: writer,
            follower: RequestFollower(start, organization: organization))
    }

    private func expect(
        _ events: [(RequestEvent.What, RecordID)], _ expected: [(RequestEvent.What, RecordID)],
        sourceLocation: SourceLocation = #_sourceLocation
    ) {
        #expect(events.map(\.0) == expected.map(\.0), sourceLocation: sourceLocation)
        #expect(events.map(\.1) == expected.map(\.1), sourceLocation: sourceLocation)
    }

    @Test(arguments: TestStore.products)
    mutating func startsAndEnds(_ product: DatabaseProduct) throws {
        var scene = try self.scene(product)
        let old = self.source.mint()
        try scene.writer.apply(RecordSource.all(old))
        let running = self.source.mint()
        try scene.writer.apply([.begin(RecordSource.begin(running))])
        // What was there is not told; how it ends is.
        self.expect(try scene.look(self.source.milliseconds), [])
        let (first, second) = (self.source.mint(after: 10), self.source.mint(after: 10))
        try scene.writer.apply(
            [.begin(RecordSource.begin(first))] + RecordSource.all(second)
                + [.settle(RecordSource.settle(running, outcome: .disconnected))])
        // By the time: what is over in one look is told as a start and an end.
        let events = try scene.look(self.source.milliseconds)
        #expect(
            Set(events.map { "\($0.0) \($0.1)" })
                == Set([
                    "start \(first)", "start \(second)", "stop \(second)", "stop \(running)",
                ]))
        #expect(events.map(\.0).prefix(2) == [.start, .start])
        self.expect(try scene.look(self.source.milliseconds), [])
        try scene.writer.apply([
            .settle(RecordSource.settle(first, status: 502, outcome: .error, cost: 0, error: "provider_error"))
        ])
        let end = try scene.reader.follow(&scene.follower, now: self.source.milliseconds + 1, limit: 10)
        #expect(end.map(\.what) == [.exception])
        #expect(end.first?.request.error == Array("provider_error".utf8))
        #expect(end.first?.time == first.milliseconds + 190)
        self.expect(try scene.look(self.source.milliseconds + 5000), [])
    }

    @Test(arguments: TestStore.products)
    mutating func whatComesLateIsNotMissed(_ product: DatabaseProduct) throws {
        var scene = try self.scene(product)
        self.expect(try scene.look(self.source.milliseconds), [])
        let late = (0..<4).map { _ in self.source.mint(after: 100) }
        let newest = self.source.mint(after: 20_000)
        try scene.writer.apply(RecordSource.all(newest))
        let now = self.source.milliseconds + 500
        self.expect(try scene.look(now), [(.start, newest), (.stop, newest)])
        // Another host, or a body that took its time: over, or running.
        try scene.writer.apply(RecordSource.all(late[0]) + [.begin(RecordSource.begin(late[1]))])
        self.expect(try scene.look(now + 100), [(.start, late[1])])
        self.expect(try scene.look(now + 1100), [(.start, late[0]), (.stop, late[0])])
        // Nobody is told twice.
        self.expect(try scene.look(now + 3000), [])
        try scene.writer.apply([.settle(RecordSource.settle(late[1]))])
        self.expect(try scene.look(now + 3100), [(.stop, late[1])])
        // Beyond the minute nobody looks, but at what runs.
        var old = RecordIDMinter(host: 5, instance: 5)
        let ancient = (0..<2).map { _ in old.mint(milliseconds: self.source.milliseconds - 90_000) }
        try scene.writer.apply(RecordSource.all(ancient[0]) + [.begin(RecordSource.begin(ancient[1]))])
        self.expect(try scene.look(now + 6000), [(.start, ancient[1])])
    }

    @Test(arguments: TestStore.products)
    mutating func aClockThatIsAheadHidesNothing(_ product: DatabaseProduct) throws {
        var scene = try self.scene(product)
        let now = self.source.milliseconds
        self.expect(try scene.look(now), [])
        var fast = RecordIDMinter(host: 5, instance: 5)
        let ahead = fast.mint(milliseconds: now + 86_400_000)
        try scene.writer.apply(RecordSource.all(ahead))
        self.expect(try scene.look(now + 10), [(.start, ahead), (.stop, ahead)])
        let next = self.source.mint(after: 20)
        try scene.writer.apply(RecordSource.all(next))
        self.expect(try scene.look(now + 2000), [(.start, next), (.stop, next)])
    }

    @Test mutating func aLittleAtATime() throws {
        var scene = try self.scene(.sqlite, .since(self.source.milliseconds))
        let records = (0..<25).map { _ in self.source.mint() }
        try scene.writer.apply(records.flatMap { RecordSource.all($0) })
        var told: [RecordID] = []
        var looks = 0
        while true {
            let events = try scene.look(self.source.milliseconds, limit: 8)
            guard !events.isEmpty else { break }
            #expect(events.count <= 9)
            told += events.filter { $0.0 == .stop }.map(\.1)
            looks += 1
        }
        #expect(told == records && looks >= 5)
        // The same for ends.
        let open = (0..<20).map { _ in self.source.mint() }
        try scene.writer.apply(open.map { .begin(RecordSource.begin($0)) })
        while try !scene.look(self.source.milliseconds, limit: 8).isEmpty {}
        try scene.writer.apply(open.map { .settle(RecordSource.settle($0)) })
        var ends: [RecordID] = []
        while true {
            let events = try scene.look(self.source.milliseconds, limit: 8)
            guard !events.isEmpty else { break }
            ends += events.map(\.1)
        }
        #expect(ends == open)
    }

    @Test mutating func onlyThoseOfAnOrganization() throws {
        var scene = try self.scene(.sqlite, organization: self.other.organization)
        self.expect(try scene.look(self.source.milliseconds), [])
        let (mine, theirs) = (self.source.mint(), self.source.mint())
        try scene.writer.apply([
            .begin(RecordSource.begin(theirs)), .begin(RecordSource.begin(mine, principal: self.other)),
        ])
        self.expect(try scene.look(self.source.milliseconds), [(.start, mine)])
        try scene.writer.apply([.settle(RecordSource.settle(theirs)), .settle(RecordSource.settle(mine))])
        self.expect(try scene.look(self.source.milliseconds), [(.stop, mine)])
    }

    @Test(arguments: TestStore.products)
    mutating func whoComesBackGoesOn(_ product: DatabaseProduct) throws {
        var scene = try self.scene(product)
        let (long, short, last) = (self.source.mint(), self.source.mint(after: 1000), self.source.mint(after: 1000))
        try scene.writer.apply([long, short, last].map { .begin(RecordSource.begin($0)) })
        let gone = self.source.milliseconds
        // Away: one is over, one goes on, one comes.
        let new = self.source.mint(after: 500)
        try scene.writer.apply(
            [.settle(RecordSource.settle(short)), .settle(RecordSource.settle(last))] + RecordSource.all(new))
        scene.follower = RequestFollower(.after(last, endedSince: gone - 500))
        let events = try scene.look(gone + 4000)
        // `short` was over before.
        self.expect(events, [(.stop, last), (.start, new), (.stop, new)])
        try scene.writer.apply([.settle(RecordSource.settle(long))])
        self.expect(try scene.look(gone + 4100), [(.stop, long)])
    }

    @Test func itsMemoryIsBounded() {
        var follower = RequestFollower(.now)
        follower.prime(RecordID(high: 0, low: 0), seen: [], from: RecordID(high: 0, low: 0), open: [])
        let count = RequestFollower.maximumSeen + 5000
        for index in 0..<count {
            follower.see(RecordID(high: 1000 << 16, low: UInt64(index)), isOpen: true, isMeant: true)
        }
        follower.forget(now: 1000)
        #expect(follower.seen.count == RequestFollower.maximumSeen)
        #expect(follower.open.count == RequestFollower.maximumOpen)
        // What is forgotten counts as seen: it is not told again.
        #expect(follower.hasSeen(RecordID(high: 1000 << 16, low: 3)))
        #expect(follower.hasSeen(RecordID(high: 1000 << 16, low: UInt64(count - 1))))
        #expect(!follower.hasSeen(RecordID(high: 1000 << 16, low: UInt64(count))))
    }
}
