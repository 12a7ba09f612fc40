import Domain
import IPC
import Journal
import Limits
import Metrics
import NIOCore
import Testing

@testable import EdgeWorker

/// Which limits a request has to keep, and what its caller is told.
@Suite struct LimitAdmissionTests {
    private static let address = UInt64(0xFFFF_C000_0201)

    private func rig(_ change: (inout EdgeSnapshot) -> Void = { _ in }) throws -> EdgeRig {
        try EdgeRig(
            {
                $0.prices = [Price(.init(input: 10_000_000, output: 150_000_000)), .free]
                $0.routes.aliases = [
                    .init(
                        name: Array("smart".utf8), targets: [Target(provider: 1, model: Array("big".utf8), price: 0)]),
                    .init(name: Array("free".utf8), targets: [Target(provider: 1, model: Array("f".utf8), price: 1)]),
                ]
                change(&$0)
            }, limited: true)
    }

    private func list(_ rig: EdgeRig, _ path: String = "/v1/models", key: String? = EdgeRig.key) throws -> String {
        let client = try rig.client()
        try client.send(FakeClient.head("GET \(path) HTTP/1.1", key.map { ["Authorization: Bearer \($0)"] } ?? []))
        return try client.received()
    }

    private func chat(
        _ rig: EdgeRig, _ body: String = FakeClient.chat, key: String? = EdgeRig.key, headers: [String] = []
    ) throws -> FakeClient {
        let client = try rig.client()
        try client.send(FakeClient.post(body, key: key, headers: headers))
        return client
    }

    // MARK: Entries

    @Test func theStaticKeysEntries() throws {
        let rig = try self.rig()
        let peer = try rig.upstream()
        _ = try self.chat(rig)
        #expect(try peer.request() != nil)
        let demand = try #require(rig.ledger.demands.first)
        #expect(demand.entries.map { $0.scope } == [.organization, .project, .key])
        #expect(
            demand.entries.map { $0.key } == [
                .init(.organization, .standard), .init(.project, .standard), .init(.key, .standard),
            ])
        #expect(demand.entries.allSatisfy { $0.limits.isEmpty } && demand.requests == 1)
        #expect(demand.tokens == 0 && demand.cost == 0)
        #expect(demand.entries[0].periods == CalendarPeriods(at: 784_111_777, in: .utc))
    }

    @Test func allEntriesInTheirOrder() throws {
        let tokyo = TimeZoneRules(name: "Asia/Tokyo", initialOffset: 9 * 3600)
        let rig = try self.rig {
            $0.limits.global = LimitSet([.requestsPerMinute: 900])
            $0.limits.models = [.init(name: Array("smart".utf8), limits: LimitSet([.requestsPerHour: 800]))]
            $0.limits.perAddress = LimitSet([.requestsPerMinute: 700])
            $0.limits.perKey = LimitSet([.requestsPerMinute: 60, .concurrency: 5])
            $0.limits.timeZone = TimeZoneRules(name: "Pacific/Honolulu", initialOffset: -10 * 3600)
        }
        let peer = try rig.upstream()
        var principal = try rig.keys.add("sk-sl-one", 77)
        principal.user = EntityID(high: 5, low: 5)
        for digest in rig.keys.principals.keys { rig.keys.principals[digest]?.principal = principal }
        rig.keys.keyLimits[principal.key] = LimitSet([.requestsPerMinute: 10, .concurrency: LimitSet.unlimited])
        rig.keys.set(.project, id: principal.project, [.monthlyCost: 9], in: tokyo)
        rig.keys.set(.user, id: EntityID(high: 5, low: 5), [.dailyTokens: 4])
        // 08:16:17 in Tokyo on the next day, 13:16:17 in Honolulu on this one.
        rig.wallMilliseconds = 784_163_777_000
        _ = try self.chat(rig, key: "sk-sl-one")
        #expect(try peer.frames().isEmpty)
        let entries = try #require(rig.ledger.demands.first).entries
        #expect(entries.map { $0.scope } == [.global, .model, .organization, .project, .key, .user, .address])
        #expect(entries[0].key == .global && entries[1].key == LimitKey(model: Array("smart".utf8)))
        #expect(entries[6].key == LimitKey(.address, address: Self.address))
        #expect(entries[4].limits == LimitSet([.requestsPerMinute: 10]))
        #expect(entries[3].limits == LimitSet([.monthlyCost: 9]) && entries[5].limits == LimitSet([.dailyTokens: 4]))
        let honolulu = entries[0].periods.day
        #expect(entries.map { $0.periods.day - honolulu } == [0, 0, 0, 1, 1, 0, 0])
        #expect(rig.journal.begins.map { $0.zone } == [36])
        // The budget of the project is in the way, until its own midnight.
        let body = try #require(rig.journal.settles.first)
        #expect(body.status == 429 && body.error == Array("insufficient_quota".utf8) && body.fault == .client)
        // Others have the gateway's clocks.
        _ = try self.chat(rig)
        #expect(rig.journal.begins.map { $0.zone } == [36, -40])
    }

    @Test func rowsAreReadOncePerCommit() throws {
        let rig = try self.rig()
        for _ in 0..<3 { _ = try self.list(rig) }
        #expect(rig.keys.reads == 3)
        rig.keys.set(.project, [.requestsPerDay: 4])
        #expect(try self.list(rig).contains("x-ratelimit-remaining-requests: 0"))
        #expect(rig.keys.reads == 6)
        // A day later the same rows count other periods.
        rig.wallMilliseconds += 86_400_000
        _ = try self.list(rig)
        let days = rig.ledger.demands.map { $0.entries[0].periods.day }
        #expect(rig.keys.reads == 6 && days.last == days[0] + 1)
        // A jump back and forth makes no other day than it is.
        rig.wallMilliseconds -= 86_400_000
        _ = try self.list(rig)
        #expect(rig.ledger.demands.last?.entries[0].periods.day == days[0])
        // While nothing can be read, nothing is kept.
        rig.keys.isThere = false
        #expect(
            try self.list(rig).hasPrefix("HTTP/1.1 200") && rig.ledger.demands.last?.entries[1].limits.isEmpty == true)
        rig.keys.isThere = true
        _ = try self.list(rig)
        #expect(rig.ledger.demands.last?.entries[1].limits[.requestsPerDay] == 4)
    }

    @Test func forwardedAddressesCountBehindProxiesOnly() throws {
        for (isTrusted, address) in [(false, Self.address), (true, 0xFFFF_C633_6407)] {
            let rig = try self.rig {
                $0.limits.perAddress = LimitSet([.requestsPerMinute: 1])
                if isTrusted { $0.limits.trustedProxies = [.init(network: [192, 0, 2, 0], prefixLength: 24)] }
            }
            let headers = ["X-Forwarded-For: 203.0.113.1", "x-forwarded-for: 198.51.100.7, 192.0.2.9"]
            _ = try self.chat(rig, headers: headers)
            #expect(rig.ledger.demands.first?.entries.last?.key == LimitKey(.address, address: address))
        }
    }

    // MARK: Answers

    @Test func aWindowIsFull() throws {
        let rig = try self.rig { $0.limits.perKey = LimitSet([.requestsPerMinute: 2, .tokensPerMinute: 100_000]) }
        let peer = try rig.upstream()
        for number in 1...3 {
            let client = try self.chat(rig)
            if let request = try peer.request() { try peer.answer(request.stream, "{}") }
            let text = try client.received()
            #expect(text.hasPrefix("HTTP/1.1 \(number < 3 ? 200 : 429) "))
            #expect(text.contains("\r\nx-ratelimit-limit-requests: 2\r\n"))
            #expect(text.contains("\r\nx-ratelimit-remaining-requests: \(max(0, 2 - number))\r\n"))
            #expect(text.contains("\r\nx-ratelimit-reset-requests: 1m0s\r\n"))
            #expect(text.contains("\r\nx-ratelimit-limit-tokens: 100000\r\n"))
            #expect(text.contains("\r\nretry-after: 2\r\n") == (number == 3) && !text.contains("x-should-retry"))
            #expect(text.contains(#""code":"rate_limit_exceeded","limit":{"scope":"key","#) == (number == 3))
        }
        #expect(rig.journal.settles.map { $0.status } == [200, 200, 429])
        #expect(rig.ledger.openHolds == 0 && rig.ledger.wrongSettles == 0 && rig.ledger.settles.count == 2)
        #expect(
            rig.core.metrics.series.contains {
                $0.name == "sluice_limit_refusals_total"
                    && $0.labels.map { $0.value } == ["key", "requests_per_minute"]
            })
    }

    @Test func aBudgetIsUsedUp() throws {
        let rig = try self.rig()
        rig.keys.set(.key, [.monthlyTokens: 1])
        let text = try self.chat(rig).received()
        #expect(text.hasPrefix("HTTP/1.1 429 ") && text.contains("\r\nx-should-retry: false\r\n"))
        #expect(text.contains(#""type":"insufficient_quota""#) && text.contains(#""name":"tokens_monthly","limit":1"#))
        let end = CalendarPeriods.end(of: .month, at: 784_111_777, in: .utc) - 784_111_777
        #expect(text.contains("\r\nretry-after: \(end)\r\n") && text.contains(#""reset_seconds":\#(end)"#))
    }

    @Test func otherRepliesOfKnownCallersSayHowTheyStand() throws {
        let rig = try self.rig { $0.limits.perKey = LimitSet([.requestsPerMinute: 2]) }
        let text = try self.chat(rig, "{").received()
        #expect(text.hasPrefix("HTTP/1.1 400 ") && text.contains("\r\nx-ratelimit-remaining-requests: 2\r\n"))
        // It was not counted.
        #expect(rig.ledger.openHolds == 0 && rig.ledger.demands.isEmpty && rig.ledger.slot(.key).requests == 0)
        let stranger = try self.chat(rig, key: "sk-wrong").received()
        #expect(stranger.hasPrefix("HTTP/1.1 401 ") && !stranger.contains("x-ratelimit"))
        let health = try self.list(rig, "/health")
        #expect(!health.contains("x-ratelimit") && rig.ledger.demands.isEmpty)
    }

    @Test func modelsAreCountedToo() throws {
        let rig = try self.rig { $0.limits.perKey = LimitSet([.requestsPerMinute: 2]) }
        #expect(try self.list(rig).contains("x-ratelimit-remaining-requests: 1"))
        #expect(try self.list(rig, "/v1/models/smart").hasPrefix("HTTP/1.1 200 "))
        #expect(try self.list(rig).hasPrefix("HTTP/1.1 429 "))
        #expect(rig.ledger.settles.count == 2 && rig.ledger.openHolds == 0 && rig.journal.begins.isEmpty)
    }

    @Test func aTableWithoutRoom() throws {
        let rig = try self.rig()
        rig.ledger.isFull = true
        let text = try self.chat(rig).received()
        #expect(text.hasPrefix("HTTP/1.1 503 ") && text.contains("limit_table_full"))
        #expect(rig.ledger.openHolds == 0 && rig.journal.settles.count == 1)
    }

    @Test func softLimitsWarn() throws {
        let rig = try self.rig()
        rig.keys.set(.key, [.totalTokens: 10_000])
        let peer = try rig.upstream()
        func next() throws -> String {
            let client = try self.chat(rig, #"{"model":"smart","messages":[],"max_tokens":100}"#)
            let request = try #require(try peer.request())
            let attempt = AttemptReport(
                call: 0, status: 200, billed: .yes, usageSource: .provider, usage: TokenUsage(input: 4000, output: 500),
                cost: 1, firstContent: 1, total: 2)
            try peer.send(
                FakePeer.head(length: 2).frame(stream: request.stream) + FakePeer.chunk("{}", request.stream)
                    + StreamEnd(attempts: [attempt]).frame(stream: request.stream))
            return try client.received()
        }
        #expect(try !next().contains("x-sluice-limit-warning") && rig.sink.lines.isEmpty)
        #expect(try !next().contains("x-sluice-limit-warning"))
        // 9000 of 10000 were crossed at the settlement, in one line.
        #expect(rig.sink.lines.filter { $0.contains("soft limit") }.count == 1)
        #expect(rig.sink.lines.first?.contains("\"percent\":90") == true)
        #expect(try next().contains("\r\nx-sluice-limit-warning: key tokens_total 90%\r\n"))
        #expect(rig.sink.lines.filter { $0.contains("soft limit") }.count == 1)
        #expect(rig.core.metrics.series.contains { $0.name == "sluice_limit_soft_crossings_total" })
    }

    // MARK: Who has no key, or a wrong one

    @Test func callersWithoutAKey() throws {
        let rig = try self.rig {
            $0.authentication = .optional
            $0.limits.anonymous = .init(
                limits: LimitSet([.requestsPerMinute: 2]), models: [Array("free".utf8)])
            $0.limits.perAddress = LimitSet([.requestsPerMinute: 9])
        }
        #expect(try self.chat(rig, key: nil).received().hasPrefix("HTTP/1.1 403 "))
        #expect(rig.ledger.demands.isEmpty && rig.journal.settles.last?.error == Array("model_not_allowed".utf8))
        let list = try self.list(rig, key: nil)
        #expect(list.contains(#""id":"free""#) && !list.contains("smart"))
        #expect(try self.list(rig, "/v1/models/smart", key: nil).hasPrefix("HTTP/1.1 404 "))
        #expect(try self.list(rig).contains("smart"))
        let entries = try #require(rig.ledger.demands.first).entries
        #expect(entries.map { $0.scope } == [.anonymous, .address])
        #expect(
            entries.map { $0.key } == [
                .init(.anonymous, address: Self.address), .init(.address, address: Self.address),
            ])
        let refused = try self.chat(rig, #"{"model":"free"}"#, key: nil).received()
        #expect(refused.hasPrefix("HTTP/1.1 429 ") && refused.contains(#""scope":"anonymous""#))
    }

    @Test func wrongKeysAreCounted() throws {
        let rig = try self.rig { $0.limits.wrongKeysPerMinute = 2 }
        let statuses = try (0..<4).map { try self.chat(rig, key: "sk-wrong-\($0)").received().dropFirst(9).prefix(3) }
        #expect(statuses == ["401", "401", "429", "429"])
        let refused = try self.list(rig, key: "sk-wrong")
        #expect(refused.contains("too_many_wrong_keys") && refused.contains("\r\nretry-after: 2\r\n"))
        #expect(Set(rig.ledger.wrongKeys) == [LimitKey(.wrongKeys, address: Self.address)])
        #expect(rig.ledger.wrongKeys.count == 5)
        // The right key from the same address, and no key at all, are as ever.
        #expect(try self.list(rig).hasPrefix("HTTP/1.1 200 "))
        #expect(try self.list(rig, key: nil).hasPrefix("HTTP/1.1 401 ") && rig.ledger.wrongKeys.count == 5)
        // A good key is not a wrong one because it is not the operator's.
        _ = try rig.keys.add("sk-sl-one", 77)
        #expect(try self.list(rig, "/metrics", key: "sk-sl-one").hasPrefix("HTTP/1.1 401 "))
        #expect(rig.ledger.wrongKeys.count == 5)
    }
}
