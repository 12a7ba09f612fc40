import Administration
import Domain
import JSON
import Journal
import Testing
import UsageStore

@Suite struct UsageResourcesTests {
    /// Names as a control database would know them.
    private final class Names: EntityNames {
        func keyName(_ id: EntityID) -> String? { id == .standard ? "static" : id.low == 6 ? "twin" : nil }
        func keyPrefix(_ id: EntityID) -> String? { id.low == 6 ? "sk-sl-ab" : nil }
        func organizationName(_ id: EntityID) -> String? { id == .standard ? "default" : nil }
        func projectName(_ id: EntityID) -> String? { id == .standard ? "default" : nil }
        func keys(named name: String, of organization: EntityID?) throws(AdministrationFailure) -> [EntityID] {
            switch name {
            case "static": [.standard]
            case "twin": [EntityID(high: 2, low: 6), EntityID(high: 2, low: 7)]
            default: []
            }
        }
        func projectID(named name: String, of organization: EntityID?) throws(AdministrationFailure) -> EntityID {
            guard name == "default" else { throw .notFound("no project") }
            return .standard
        }
    }

    private static let day: UInt64 = 1_790_035_200_000  // 2026-09-22T00:00:00Z
    private let folder: TemporaryFolder
    private let names = Names()
    private let service: AdministrationService
    private var minter = RecordIDMinter(host: 1, instance: 7)

    init() throws {
        self.folder = try TemporaryFolder()
        try self.folder.makeFolder("usage", mode: 0o700)
        let file = UsageFile(.file(stateDirectory: self.folder.path))
        self.service = AdministrationService(resources: [
            UsageResource(file: file, names: self.names) { Self.day + 3_600_000 },
            UsageCallsResource(file: file) { Self.day + 3_600_000 },
            RequestsResource(file: file, names: self.names),
            ActivityResource(file: file, names: self.names) { Self.day + 30_000 },
        ])
    }

    private func ask(_ path: String, _ body: [(String, JSONValue)] = []) throws -> (Int, JSONValue) {
        let request = AdministrationRequest(
            method: .get, path: path.split(separator: "/").map { String($0) },
            body: body.map { JSONValue.Member(key: Array($0.0.utf8), value: $0.1) })
        let reply = self.service.reply(to: request)
        return (reply.status, try JSONReader().read(reply.body, maximumBytes: 1 << 20))
    }

    private func text(_ text: String) -> JSONValue { .string(Array(text.utf8)) }

    private static let admission = AdmissionTrail(
        authenticated: 9, isCallerKnown: true, verdict: .refused, duration: 4, tokens: 900, cost: 12_500_000,
        limits: [
            CheckedLimit(
                scope: .key, kind: .tokensPerMinute, word: .refused, limit: 1000, used: 700, held: 100, reset: 42),
            CheckedLimit(
                scope: .project, kind: .monthlyCost, word: .warned, limit: 10_000_000_000, used: 9_000_000_000, held: 0),
            CheckedLimit(scope: .model, kind: .requestsPerMinute, limit: 5, used: 1, held: 0, reset: 3),
        ], moreLimits: 2)
    private static let trail = DecisionTrail(
        admission: admission, alias: Array("fast".utf8), strategy: .leastCost, tier: .deep, planning: 12,
        targets: [
            DecisionTrail.Place(
                provider: Array("anthropic".utf8), model: Array("claude".utf8),
                price: .init(input: 3_000_000, output: 15_000_000, cost: 42_000)),
            DecisionTrail.Place(provider: Array("openai".utf8), model: Array("gpt".utf8)),
        ],
        leftOut: [
            DecisionTrail.LeftOut(
                DecisionTrail.Place(provider: Array("openai".utf8), model: Array("o1".utf8)), .unknownPrice)
        ], moreLeftOut: 3,
        steps: [
            TrailStep(.breakerOpen, call: 0, detail: 2000, at: 40), TrailStep(.called, call: 1, detail: 1, at: 45),
            TrailStep(.failed, call: 1, detail: 529, at: 900), TrailStep(.busy, call: 9, at: 901),
        ])

    /// One request yesterday, two today: one dear by an unknown key, one that failed.
    private mutating func fill() throws -> [RecordID] {
        let writer = try UsageWriter(path: "\(self.folder.path)/usage/usage.db")
        let price = Price(
            Price.Rates(input: 75_000, output: 300_000, units: [.query: 10_000_000_000, .page: 1]),
            tiers: [PromptTier(above: 128_000, rates: Price.Rates(input: 150_000, output: 600_000))],
            services: [.flex: PriceList(Price.Rates(input: 37_500, output: 150_000))])
        try writer.add(prices: [price])
        let records = [Self.day - 1, Self.day, Self.day + 1000].map { self.minter.mint(milliseconds: $0) }
        try writer.begin()
        let owner = try writer.owner(host: 1, instance: 9, role: .upstream)
        let stranger = Principal(organization: .standard, project: .standard, key: EntityID(high: 9, low: 9))
        for (index, record) in records.enumerated() {
            try writer.add(
                .begin(
                    BeginRecord(
                        record: record, principal: index == 1 ? stranger : .staticKey, endpoint: .chatCompletions,
                        bodyBytes: 100, fingerprint: 1, traceID: [UInt8](repeating: 0xAB, count: 16),
                        label: Array("\u{1B}mine".utf8))),
                owner: owner)
            try writer.add(
                .settle(
                    SettleRecord(
                        record: record, rank: .edge, status: index == 2 ? 502 : 200,
                        outcome: index == 2 ? .error : .complete, finish: index == 2 ? .none : .stop,
                        isStream: true, model: Array("fast".utf8), provider: Array("openai".utf8),
                        modelSent: Array("gpt".utf8),
                        usage: index == 2 ? TokenUsage() : TokenUsage(input: 1_000_000, output: 2, image: 3),
                        usageSource: index == 2 ? .none : .provider, cost: index == 2 ? 0 : 75_000_601, attempts: 1,
                        error: index == 2 ? Array("provider_timeout".utf8) : [], received: 10, total: 5000,
                        trail: index == 1 ? Self.trail.packed() : [])),
                owner: owner)
            try writer.add(
                .attempt(
                    AttemptRecord(
                        record: record, number: 1, provider: Array("openai".utf8), model: Array("gpt".utf8),
                        price: price.id, startedAt: record.milliseconds)), owner: owner)
        }
        try writer.add(
            .attemptEnd(
                AttemptEndRecord(
                    record: records[1], number: 1, status: 200, billed: .yes, usageSource: .provider,
                    usage: TokenUsage(input: 1_000_000, output: 2, image: 3), service: .flex,
                    units: CallUnits(.query, 2), cost: 75_000_601, total: 77)),
            owner: owner)
        try writer.commit()
        return records
    }

    @Test func withoutAFileThereIsNothingToTell() throws {
        let (status, usage) = try self.ask("usage")
        #expect(status == 200)
        #expect(usage["total"]?["requests"]?.integer == 0)
        #expect(usage["data"]?.array?.isEmpty == true)
        let (code, list) = try self.ask("requests")
        #expect(code == 200)
        #expect(list["data"]?.array?.isEmpty == true)
        #expect(try self.ask("requests/\(String(repeating: "0", count: 32))").0 == 404)
    }

    @Test mutating func usageOfToday() throws {
        _ = try self.fill()
        let (status, usage) = try self.ask("usage", [("by", self.text("key"))])
        #expect(status == 200)
        #expect(usage["since"]?.string == Array("2026-09-22T00:00:00.000Z".utf8))
        let total = try #require(usage["total"])
        #expect(total["requests"]?.integer == 2)
        #expect(total["errors"]?.integer == 1)
        #expect(total["cost_usd"]?.string == Array("0.075000601".utf8))
        #expect(total["tokens"]?["input"]?.integer == 1_000_000)
        #expect(total["tokens"]?["image"]?.integer == 3)
        #expect(total["tokens"]?["reasoning"]?.integer == 0)
        let entries = try #require(usage["data"]?.array)
        #expect(entries.count == 2)
        #expect(entries[0]["key"]?.string == Array(EntityID(high: 9, low: 9).text(.key).utf8))
        #expect(entries[0]["name"] == .null)
        #expect(entries[1]["name"]?.string == Array("static".utf8))
        let all = try self.ask("usage", [("since", self.text("2026-01-01")), ("by", self.text("model"))]).1
        #expect(all["total"]?["requests"]?.integer == 3)
        #expect(all["data"]?.array?.first?["model"]?.string == Array("fast".utf8))
        let before = try self.ask("usage", [("since", self.text("2026-09-21")), ("until", self.text("2026-09-22"))]).1
        #expect(before["total"]?["requests"]?.integer == 1)
    }

    @Test mutating func callsOfADay() throws {
        #expect(try self.ask("usage/calls").1["data"]?.array?.isEmpty == true)
        _ = try self.fill()
        let (status, usage) = try self.ask("usage/calls")
        #expect(status == 200)
        #expect(usage["since"]?.string == Array("2026-09-22T00:00:00.000Z".utf8))
        #expect(usage["next"] == .null && usage["kept_from"] == .null)
        let entries = try #require(usage["data"]?.array)
        // The one that has ended, and the one of which nobody knows.
        #expect(entries.map { $0["billed"]?.string } == [Array("unknown".utf8), Array("yes".utf8)])
        let last = try #require(entries.last)
        #expect(last["date"]?.string == Array("2026-09-22".utf8) && last["model_sent"]?.string == Array("gpt".utf8))
        #expect(last["provider"]?.string == Array("openai".utf8) && last["calls"]?.integer == 1)
        #expect(last["usage_source"]?.string == Array("provider".utf8) && last["searches"]?.integer == 2)
        #expect(last["tokens"]?["input"]?.integer == 1_000_000 && last["tokens"]?["image"]?.integer == 3)
        let before = [("since", self.text("2026-09-21")), ("until", self.text("2026-09-22"))]
        #expect(try self.ask("usage/calls", before).1["data"]?.array?.count == 1)
        #expect(try self.ask("usage/calls", [("provider", self.text("other"))]).1["data"]?.array?.isEmpty == true)
        for (name, value) in [
            ("since", "2026-09-23"), ("until", "2026-09-21"), ("after", "nothing"), ("since", "1980-01-01"),
            ("by", "model"),
        ] {
            let status = try self.ask("usage/calls", [(name, self.text(value))]).0
            #expect((400...422).contains(status), "\(name)")
        }
    }

    @Test mutating func lists() throws {
        let records = try self.fill()
        func found(_ body: [(String, JSONValue)]) throws -> [String] {
            let (status, page) = try self.ask("requests", body)
            #expect(status == 200)
            return (page["data"]?.array ?? []).compactMap { $0["record"]?.string }.map {
                String(decoding: $0, as: UTF8.self)
            }
        }
        let names = records.map { "\($0)" }
        #expect(try found([]) == names.reversed())
        #expect(try found([("limit", .integer(1))]) == [names[2]])
        #expect(try found([("before", self.text(names[1]))]) == [names[0]])
        #expect(try found([("status", self.text("5xx"))]) == [names[2]])
        #expect(try found([("status", self.text("200")), ("since", self.text("2026-09-22"))]) == [names[1]])
        #expect(try found([("key", self.text("static"))]) == [names[2], names[0]])
        #expect(try found([("project", self.text("default"))]).count == 3)
        #expect(try found([("model", self.text("gpt"))]).count == 3)
        #expect(try self.ask("requests", [("limit", .integer(1))]).1["next"]?.string == Array(names[2].utf8))
        #expect(try self.ask("requests").1["next"] == .null)
    }

    @Test mutating func tokensOfAnOrganizationSeeItsOwn() throws {
        let records = try self.fill()
        func ask(_ path: String, _ organization: EntityID) throws -> (Int, JSONValue) {
            let actor = AdministrationActor.token(
                id: EntityID(high: 5, low: 5), name: "t", role: .viewer, organization: organization)
            let request = AdministrationRequest(
                method: .get, path: path.split(separator: "/").map { String($0) },
                body: path == "usage" ? [JSONValue.Member(key: Array("by".utf8), value: self.text("model"))] : [],
                actor: actor)
            let reply = self.service.reply(to: request)
            return (reply.status, try JSONReader().read(reply.body, maximumBytes: 1 << 20))
        }
        let other = EntityID(high: 7, low: 7)
        #expect(try ask("requests", .standard).1["data"]?.array?.count == 3)
        #expect(try ask("requests", other).1["data"]?.array?.isEmpty == true)
        #expect(try ask("usage", .standard).1["total"]?["requests"]?.integer == 2)
        let none = try ask("usage", other)
        #expect(none.0 == 200 && none.1["total"]?["requests"]?.integer == 0 && none.1["data"]?.array?.isEmpty == true)
        // A provider's account is of all organizations.
        #expect(try ask("usage/calls", .standard).0 == 403)
        #expect(try ask("requests/\(records[1])", .standard).0 == 200)
        // The words are those for what never was.
        let foreign = try ask("requests/\(records[1])", other)
        #expect(foreign.0 == 404)
        #expect(
            foreign.1["error"]?["message"]?.string == Array("there is no request \(records[1])".utf8))
    }

    @Test mutating func oneRequest() throws {
        let records = try self.fill()
        let (status, found) = try self.ask("requests/\(records[1])")
        #expect(status == 200)
        let request = try #require(found["request"])
        #expect(request["label"]?.string == Array("\u{1B}mine".utf8))
        #expect(request["trace_id"]?.string == Array(String(repeating: "ab", count: 16).utf8))
        #expect(request["settled_by"]?.string == Array("edge".utf8))
        #expect(request["first_byte_us"] == .null)
        #expect(request["total_us"]?.integer == 5000)
        let attempt = try #require(found["attempts"]?.array?.first)
        #expect(attempt["client_request_id"]?.string == Array("\(records[1])-1".utf8))
        #expect(attempt["billed"]?.string == Array("yes".utf8))
        let price = try #require(attempt["price_usd_per_million_tokens"])
        #expect(price["input"]?.string == Array("0.075".utf8))
        #expect(price["image"]?.string == Array("0.075".utf8))
        #expect(price["output"]?.string == Array("0.30".utf8))
        #expect(price["units"]?["per_query"] == self.text("0.01"))
        #expect(price["units"]?["per_page"] == self.text("0.000000000001"))
        let tier = price["tiers"]?.array?.first
        #expect(tier?["above"]?.integer == 128_000 && tier?["output"] == self.text("0.60"))
        let flex = price["services"]?["flex"]
        #expect(flex?["input"] == self.text("0.0375") && flex?["tiers"] == nil && price["services"]?["batch"] == nil)
        #expect(attempt["service"] == self.text("flex") && attempt["units"]?["queries"]?.integer == 2)
        let open = try self.ask("requests/\(records[0])").1["attempts"]?.array?.first
        #expect(open?["status"] == .null)
        #expect(open?["billed"]?.string == Array("unknown".utf8))
        #expect(open?["service"] == self.text("standard") && open?["units"] == .null)
        #expect(open?["total_us"] == .null)
    }

    @Test mutating func howItFoundItsAnswer() throws {
        let records = try self.fill()
        #expect(try self.ask("requests/\(records[0])").1["routing"] == .null)
        let routing = try #require(try self.ask("requests/\(records[1])").1["routing"])
        func word(_ value: JSONValue?, _ member: StaticString) -> String? {
            value?[member]?.string.map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(word(routing, "alias") == "fast")
        #expect(word(routing, "strategy") == "least_cost")
        #expect(word(routing, "tier") == "deep")
        #expect(routing["planning_us"]?.integer == 12)
        let targets = try #require(routing["targets"]?.array)
        #expect(targets.map { word($0, "model") } == ["claude", "gpt"])
        #expect(routing["more_targets"]?.integer == 0)
        #expect(word(routing["left_out"]?.array?.first, "why") == "unknown_price")
        #expect(routing["more_left_out"]?.integer == 3)
        let steps = try #require(routing["steps"]?.array)
        #expect(steps.map { word($0, "what") } == ["breaker_open", "called", "failed", "busy"])
        #expect(steps.map { word($0, "provider") } == ["anthropic", "openai", "openai", nil])
        #expect(steps.map { $0["at_us"]?.integer } == [40, 45, 900, 901])
        #expect(steps[0]["ms"]?.integer == 2000)
        #expect(steps[1]["attempt"]?.integer == 1)
        #expect(steps[2]["status"]?.integer == 529)
    }

    @Test mutating func howItWasLetIn() throws {
        let records = try self.fill()
        let found = try self.ask("requests/\(records[1])").1
        func word(_ value: JSONValue?, _ member: StaticString) -> String? {
            value?[member]?.string.map { String(decoding: $0, as: UTF8.self) }
        }
        #expect(word(found["caller"], "by") == "key" && word(found["caller"], "settings") == "cached")
        let limits = try #require(found["limits"])
        #expect(word(limits, "verdict") == "refused" && limits["kept"] == .bool(true))
        #expect(limits["wanted"]?["tokens"]?.integer == 900 && word(limits["wanted"], "cost_usd") == "0.0125")
        let checked = try #require(limits["checked"]?.array)
        #expect(checked.map { word($0, "said") } == ["refused", "warned", "passed"])
        #expect(checked.map { word($0, "name") } == ["tokens_per_minute", "cost_monthly", "requests_per_minute"])
        #expect(checked[0]["remaining"]?.integer == 200 && checked[0]["reset_seconds"]?.integer == 42)
        #expect(word(checked[0], "of") == EntityID(high: 9, low: 9).text(.key))
        #expect(word(checked[1], "limit") == "10.00" && word(checked[1], "used") == "9.00")
        #expect(word(checked[2], "of") == "fast" && limits["more_checked"]?.integer == 2)
        let stages = try #require(found["stages"])
        #expect(
            ["authenticated_us", "received_us", "planned_us", "admitted_us", "dispatched_us", "total_us"].map {
                (name: StaticString) in stages[name]?.integer
            } == [9, 10, 22, 26, nil, 5000])
        let target = try #require(found["routing"]?["targets"]?.array?.first)
        #expect(
            word(target["price_usd_per_million_tokens"], "output") == "15.00" && word(target, "cost_usd") == "0.000042")
        // An older row says nothing of it.
        let old = try self.ask("requests/\(records[0])").1
        #expect(old["limits"] == .null && old["caller"]?["settings"] == .null)
        #expect(word(old["caller"], "by") == "static_key" && old["stages"]?["planned_us"] == .null)
        #expect(old["stages"]?["total_us"]?.integer == 5000)
    }

    @Test mutating func whatIsGoingOn() throws {
        let records = try self.fill()
        let (status, found) = try self.ask("activity")
        #expect(status == 200)
        // The third is in the books before its time has come: it was over in this minute as well.
        #expect(found["ended"]?.integer == 3 && found["errors"]?.integer == 1)
        #expect(found["newest_request"]?.string == Array("2026-09-22T00:00:01.000Z".utf8))
        #expect(found["slowest"]?.array?.count == 3)
        #expect(found["cost_usd_per_hour"]?.string == Array("9.00007212".utf8))
        #expect(found["models"]?.array?.first?["name"]?.string == Array("fast".utf8))
        #expect(try self.ask("activity", [("seconds", .integer(601))]).0 == 422)
        #expect(records.count == 3)
    }

    @Test mutating func search() throws {
        let records = try self.fill()
        func found(_ name: String, _ value: String) throws -> [String] {
            let (status, page) = try self.ask("requests", [(name, self.text(value))])
            #expect(status == 200, "\(name)")
            return (page["data"]?.array ?? []).compactMap { $0["record"]?.string }.map {
                String(decoding: $0, as: UTF8.self)
            }
        }
        let names = records.map { "\($0)" }
        #expect(try found("record", names[1]) == [names[1]])
        #expect(try found("trace_id", String(repeating: "ab", count: 16)).count == 3)
        #expect(try found("trace_id", String(repeating: "ac", count: 16)) == [])
        #expect(try found("label", "\u{1B}mine").count == 3)
        #expect(try found("error", "provider_timeout") == [names[2]])
        #expect(try found("provider", "openai").count == 3)
        #expect(try found("outcome", "error") == [names[2]])
        #expect(try found("until", "2026-09-22") == [names[0]])
        #expect(try found("min_cost_usd", "0.07") == [names[1], names[0]])
        #expect(try found("user", EntityID(high: 1, low: 1).text(.user)) == [])
        let quick = try self.ask("requests", [("min_duration_ms", .integer(6))])
        #expect(quick.0 == 200 && quick.1["data"]?.array?.isEmpty == true)
        for (name, value) in [
            ("trace_id", "xy"), ("outcome", "fine"), ("record", "1"), ("min_cost_usd", "-1"), ("user", "u"),
        ] {
            #expect(try self.ask("requests", [(name, self.text(value))]).0 == 422, "\(name)")
        }
    }

    @Test mutating func whatIsWrongIsSaid() throws {
        let records = try self.fill()
        #expect(try self.ask("usage", [("by", self.text("color"))]).0 == 422)
        #expect(try self.ask("usage", [("since", self.text("yesterday"))]).0 == 422)
        #expect(try self.ask("usage", [("until", .integer(5))]).0 == 400)
        #expect(try self.ask("usage", [("colour", self.text("red"))]).0 == 400)
        #expect(try self.ask("usage/today").0 == 404)
        #expect(try self.ask("requests", [("key", self.text("nobody"))]).0 == 404)
        #expect(try self.ask("requests", [("key", self.text("twin"))]).0 == 422)
        #expect(try self.ask("requests", [("project", self.text("nowhere"))]).0 == 404)
        #expect(try self.ask("requests", [("status", self.text("9"))]).0 == 422)
        #expect(try self.ask("requests", [("status", self.text("-42"))]).0 == 422)
        #expect(try self.ask("requests", [("before", self.text("x"))]).0 == 422)
        #expect(try self.ask("requests/\("\(records[0])".uppercased())").0 == 404)
        #expect(try self.ask("requests/\(records[0])/more").0 == 404)
        let post = AdministrationRequest(method: .post, path: ["usage"])
        #expect(self.service.reply(to: post).status == 405)
    }

    @Test func aDamagedFileIsNamed() throws {
        let path = "\(self.folder.path)/usage/usage.db"
        try self.folder.write("usage/usage.db", [UInt8](repeating: 1, count: 4096))
        let (status, reply) = try self.ask("usage")
        #expect(status == 503)
        #expect(reply["error"]?["code"]?.string == Array("storage_failed".utf8))
        let message = String(decoding: reply["error"]?["message"]?.string ?? [], as: UTF8.self)
        #expect(message.contains(path))
    }
}
