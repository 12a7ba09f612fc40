import Domain
import JSON
import Journal
import Testing
import UsageStore

@testable import Administration

@Suite struct EventsResourceTests {
    private final class Names: EntityNames {
        func keyName(_ id: EntityID) -> String? { nil }
        func projectName(_ id: EntityID) -> String? { nil }
        func keyPrefix(_ id: EntityID) -> String? { nil }
        func organizationName(_ id: EntityID) -> String? { nil }
        func keys(named name: String, of organization: EntityID?) throws(AdministrationFailure) -> [EntityID] { [] }
        func projectID(named name: String, of organization: EntityID?) throws(AdministrationFailure) -> EntityID {
            throw .notFound("no project")
        }
    }

    private final class Clock {
        var now: UInt64 = 1_790_035_200_000
    }

    private let folder: TemporaryFolder
    private let clock = Clock()
    private let followers = EventFollowers()
    private var minter = RecordIDMinter(host: 1, instance: 7)

    init() throws {
        self.folder = try TemporaryFolder()
        try self.folder.makeFolder("usage", mode: 0o700)
    }

    private func service(_ followers: EventFollowers) -> AdministrationService {
        let clock = self.clock
        let file = UsageFile(.file(stateDirectory: self.folder.path))
        return AdministrationService(resources: [
            EventsResource(file: file, names: Names(), followers: followers, clock: { clock.now })
        ])
    }

    private func ask(
        _ service: AdministrationService, _ query: [String: JSONValue] = [:], organization: EntityID? = nil
    ) throws -> (reply: AdministrationReply, value: JSONValue) {
        let actor = AdministrationActor.token(
            id: EntityID(high: 5, low: 5), name: "t", role: .viewer, organization: organization)
        let request = AdministrationRequest(
            method: .get, path: ["events"],
            body: query.map { JSONValue.Member(key: Array($0.key.utf8), value: $0.value) },
            actor: actor)
        let reply = service.reply(to: request)
        return (reply, try JSONReader().read(reply.body, maximumBytes: 1 << 20))
    }

    private func write(_ records: [JournalRecord]) throws {
        let writer = try UsageWriter(path: "\(self.folder.path)/usage/usage.db")
        try writer.begin()
        let owner = try writer.owner(host: 1, instance: 7, role: .edge)
        for record in records { try writer.add(record, owner: owner) }
        try writer.commit()
    }

    private mutating func begun() -> (RecordID, JournalRecord) {
        self.clock.now += 10
        let record = self.minter.mint(milliseconds: self.clock.now)
        let begin = BeginRecord(
            record: record, principal: .staticKey, endpoint: .chatCompletions, bodyBytes: 1, fingerprint: 1)
        return (record, .begin(begin))
    }

    private func settled(_ record: RecordID, _ status: UInt16 = 200) -> JournalRecord {
        .settle(
            SettleRecord(
                record: record, rank: .edge, status: status, outcome: status == 200 ? .complete : .error, finish: .stop,
                isStream: false, model: Array("m".utf8), total: 5000))
    }

    private func words(_ value: JSONValue) -> [String] {
        (value["data"]?.array ?? []).map {
            String(decoding: ($0["event"]?.string ?? []) + [0x20] + ($0["record"]?.string ?? []), as: UTF8.self)
        }
    }

    @Test mutating func fromOneQuestionToTheNext() throws {
        let service = self.service(self.followers)
        // Before there is any database.
        var next = try #require(try self.ask(service).value["next"])
        let (record, begin) = self.begun()
        try self.write([begin])
        let first = try self.ask(service, ["after": next])
        #expect(self.words(first.value) == ["start \(record)"])
        #expect(first.value["resumed"] == .bool(false))
        next = try #require(first.value["next"])
        try self.write([self.settled(record, 502)])
        self.clock.now += 10
        let second = try self.ask(service, ["after": next])
        #expect(self.words(second.value) == ["exception \(record)"])
        #expect(second.value["data"]?.array?.first?["total_us"]?.integer == 5000)
        #expect(self.followers.count == 1)
        // An answer that got lost is asked for again: what was over shortly before comes again.
        let again = try self.ask(service, ["after": next])
        #expect(again.value["resumed"] == .bool(true) && self.words(again.value) == ["exception \(record)"])
    }

    @Test mutating func anotherProcessGoesOn() throws {
        let (record, begin) = self.begun()
        try self.write([begin])
        let next = try #require(try self.ask(self.service(self.followers)).value["next"])
        try self.write([self.settled(record)])
        let (other, another) = self.begun()
        try self.write([another])
        let answer = try self.ask(self.service(EventFollowers()), ["after": next])
        #expect(Set(self.words(answer.value)) == ["stop \(record)", "start \(other)"])
        #expect(answer.value["resumed"] == .bool(true))
    }

    @Test mutating func nothingIsWaitedFor() throws {
        let service = self.service(self.followers)
        let (record, begin) = self.begun()
        try self.write([begin])
        let first = try self.ask(service, ["wait_ms": .integer(1000)])
        guard case .again(let question, let pause)? = first.reply.sequel else {
            Issue.record("it does not wait")
            return
        }
        #expect(pause == 200)
        // The same question by the same actor, from where the answer has come to.
        #expect(question.actor == .token(id: EntityID(high: 5, low: 5), name: "t", role: .viewer, organization: nil))
        #expect(question.body.count == 2)
        try self.write([self.settled(record)])
        let reply = service.reply(to: question)
        let value = try JSONReader().read(reply.body, maximumBytes: 1 << 20)
        #expect(self.words(value) == ["stop \(record)"] && reply.sequel == nil)
        // The waiting has an end.
        var last = try self.ask(service, ["after": try #require(value["next"]), "wait_ms": .integer(1000)]).reply
        var rounds = 0
        while case .again(let question, _)? = last.sequel {
            last = service.reply(to: question)
            rounds += 1
        }
        #expect(rounds == 5)
    }

    @Test mutating func nobodySeesWhatIsAnothers() throws {
        let service = self.service(self.followers)
        let other = EntityID(high: 7, low: 7)
        let mine = try #require(try self.ask(service, organization: .standard).value["next"])
        let theirs = try #require(try self.ask(service, organization: other).value["next"])
        let (record, begin) = self.begun()
        try self.write([begin])
        #expect(self.words(try self.ask(service, ["after": theirs], organization: other).value) == [])
        // Whose cursor it was makes no difference.
        let stolen = try self.ask(service, ["after": mine], organization: other)
        #expect(self.words(stolen.value) == [] && stolen.value["resumed"] == .bool(true))
        #expect(
            self.words(try self.ask(service, ["after": mine], organization: .standard).value) == ["start \(record)"])
        let foreign = try self.ask(
            service, ["org": .string(Array(other.text(.organization).utf8))], organization: .standard)
        #expect(foreign.reply.status == 404)
    }

    @Test mutating func thereIsRoomForAFewAndForAWhile() throws {
        let service = self.service(self.followers)
        for _ in 0..<EventFollowers.limit + 3 { _ = try self.ask(service) }
        #expect(self.followers.count == EventFollowers.limit)
        self.followers.sweep(now: self.clock.now + EventFollowers.patience)
        #expect(self.followers.count == EventFollowers.limit)
        self.followers.sweep(now: self.clock.now + EventFollowers.patience + 1)
        #expect(self.followers.count == 0)
    }

    @Test mutating func aLongAnswerIsDivided() throws {
        let service = self.service(self.followers)
        let since: JSONValue = .string(Array(TimeText.text(milliseconds: self.clock.now).utf8))
        let label = [UInt8](repeating: UInt8(ascii: "\""), count: 1000)
        var records: [JournalRecord] = []
        for _ in 0..<400 {
            let (record, begin) = self.begun()
            guard case .begin(var long) = begin else { continue }
            long.label = label
            long.tags = label
            records += [.begin(long), self.settled(record)]
        }
        try self.write(records)
        var found = 0
        var query: [String: JSONValue] = ["since": since, "limit": .integer(500)]
        while true {
            let answer = try self.ask(service, query)
            #expect(answer.reply.body.count < AdministrationFrame.limit)
            guard let count = answer.value["data"]?.array?.count, count > 0 else { break }
            found += count
            query = ["after": try #require(answer.value["next"]), "limit": .integer(500)]
        }
        #expect(found == 800)
    }

    @Test func whatIsWrongIsSaid() throws {
        let service = self.service(self.followers)
        #expect(try self.ask(service, ["after": .string(Array("x".utf8))]).reply.status == 422)
        #expect(try self.ask(service, ["wait_ms": .integer(30_001)]).reply.status == 422)
        let cursor = EventCursor(follower: 1, watermark: RecordID(high: 2, low: 3), time: 4)
        #expect(EventCursor(cursor.text) == cursor)
        let both = try self.ask(
            service, ["after": .string(Array(cursor.text.utf8)), "since": .string(Array("2026-11-22".utf8))])
        #expect(both.reply.status == 422)
    }
}
