import Configuration
import Domain
import Testing

@Suite struct LimitsTests {
    static let bad: [BadCase] = [
        BadCase(
            "limits: {budget_mode: stict}",
            "1:23: limits.budget_mode: expected strict or estimate (did you mean strict?)"),
        BadCase("limits: {table_slots: many}", "1:23: limits.table_slots: expected a whole number of 1024 to 8388608"),
        BadCase("limits: {table_slots: 1000}", "1:23: limits.table_slots: expected a whole number of 1024"),
        BadCase("limits: {per_kye: {}}", "1:10: limits.per_kye: unknown key; did you mean per_key?"),
        BadCase("limits: {soft_percent: 0}", "1:24: limits.soft_percent: expected a whole number of 1 to 100"),
        BadCase("limits: {unknown_price: deny}", "1:25: limits.unknown_price: expected allow or refuse"),
        BadCase(
            "limits:\n  per_ip:\n    requests_per_minute: -1",
            "3:26: limits.per_ip.requests_per_minute: expected a whole number of 0 to 1000000000000000, or null for no limit"
        ),
        BadCase("limits: {per_key: {tokens_daily: 1.5}}", "1:34: limits.per_key.tokens_daily: expected a whole number"),
        BadCase("limits: {per_key: {tokens_daily: [1]}}", "1:34: limits.per_key.tokens_daily: expected a whole number"),
        BadCase(
            "limits: {global: {cost_monthly: $5}}",
            "1:33: limits.global.cost_monthly: expected US dollars with at most 9 decimals, such as 12.50, or null for no limit"
        ),
        BadCase(
            "limits: {global: {cost_monthly: 0.0000000001}}", "1:33: limits.global.cost_monthly: expected US dollars"),
        BadCase(
            "limits: {global: {request_per_minute: 5}}",
            "1:19: limits.global.request_per_minute: unknown key; did you mean requests_per_minute?"),
        BadCase(
            "limits: {models: {\"a b\": {concurrency: 1}}}", "1:19: limits.models.\"a b\": expected a model's name"),
        BadCase("limits: {models: {m: 5}}", "1:22: limits.models.m: expected a mapping"),
        BadCase("limits: {per_ip: off}", "1:18: limits.per_ip: expected a mapping"),
        BadCase("auth: {wrong_keys_per_minute: 0}", "1:31: auth.wrong_keys_per_minute: expected a whole number of 1"),
        BadCase("auth: {anonymous: yes}", "1:19: auth.anonymous: expected a mapping"),
        BadCase("auth: {anonymous: {request_limit: 1}}", "1:20: auth.anonymous.request_limit: unknown key"),
        BadCase("auth: {anonymous: {models: fast}}", "1:28: auth.anonymous.models: expected a list"),
        BadCase("auth: {anonymous: {models: [\"\"]}}", "1:29: auth.anonymous.models[0]: expected a model's name"),
        BadCase(
            "auth: {keys: required, anonymous: {concurrency: 1}}",
            "1:24: auth.anonymous: there are no anonymous callers with `keys: required`"),
        BadCase(
            "schedule: {timezone: CET}", "1:22: schedule.timezone: expected a time zone such as UTC or Europe/Berlin"),
        BadCase("schedule: {timezone: Europe/Berlim}", "1:22: schedule.timezone: expected a time zone"),
    ]

    @Test(arguments: bad) func whatIsWrongIsNamed(bad: BadCase) { bad.check() }

    private func read(_ text: String) throws -> GatewayConfiguration {
        let document = Document(text: text)
        #expect(document.problems == [])
        return try #require(document.result.configuration)
    }

    @Test func defaults() throws {
        let configuration = try self.read("")
        #expect(configuration.limits == LimitConfiguration())
        #expect(configuration.limits.perAddress == LimitSet([.requestsPerMinute: 600]))
        #expect(configuration.limits.perKey == LimitSet([.requestsPerMinute: 60]))
        #expect(configuration.limits.global.isEmpty && configuration.limits.models.isEmpty)
        #expect(configuration.limits.mode == .strict && configuration.limits.allowsUnknownPrice)
        #expect(configuration.limits.softPercent == 80 && configuration.limits.tableSlots == 1_048_576)
        #expect(configuration.auth.wrongKeysPerMinute == 30 && configuration.auth.anonymous == nil)
        #expect(configuration.auth.keys == .required)
        #expect(configuration.timeZone == "UTC")
    }

    @Test(arguments: [
        "limits: {per_ip: {requests_per_minute: null}, per_key: {requests_per_minute: unlimited}}",
        "limits: {per_ip: null, per_key: ~}", "limits: {per_ip: {requests_per_minute: }, per_key: }",
    ])
    func nullTakesADefaultAway(_ text: String) throws {
        let limits = try self.read(text).limits
        #expect(limits.perAddress.isEmpty)
        #expect(limits.perKey.isEmpty)
    }

    @Test(arguments: ["limits:", "limits: {per_ip: {}, per_key: {tokens_daily: null}}", "limits: {global: {}}"])
    func whatIsNotThereLeavesTheDefault(_ text: String) throws {
        #expect(try self.read(text).limits == LimitConfiguration())
    }

    @Test func everyKindInEveryScope() throws {
        for kind in LimitKind.allCases {
            let limits = try self.read(
                """
                auth: {anonymous: {\(kind.name): 7}}
                limits:
                  global: {\(kind.name): 7}
                  per_ip: {\(kind.name): 7}
                  per_key: {\(kind.name): 7}
                  models: {"openai:gpt-4o": {\(kind.name): 7}}
                """)
            let value: Int64 = kind.unit == .cost ? 7_000_000_000 : 7
            #expect(limits.limits.global == LimitSet([kind: value]))
            #expect(limits.limits.perAddress[kind] == value)
            #expect(limits.limits.perAddress[.requestsPerMinute] == (kind == .requestsPerMinute ? 7 : 600))
            #expect(limits.limits.perKey[kind] == value)
            #expect(limits.limits.models == [.init(name: Array("openai:gpt-4o".utf8), limits: LimitSet([kind: value]))])
            #expect(limits.auth.anonymous?.limits == LimitSet([kind: value]))
        }
    }

    @Test func theReferenceOfAnonymousCallers() throws {
        let auth = try self.read(
            "auth: {anonymous: {requests_per_minute: 10, tokens_per_month: 100000, models: [fast, gpt-4o]}}"
        ).auth
        #expect(auth.anonymous?.limits == LimitSet([.requestsPerMinute: 10, .monthlyTokens: 100_000]))
        #expect(auth.anonymous?.models == [Array("fast".utf8), Array("gpt-4o".utf8)])
        #expect(auth.keys == .optional)
        #expect(try self.read("auth: {anonymous: {}}").auth.anonymous == LimitSettings.Anonymous())
        #expect(try self.read("auth: {anonymous: false}").auth.anonymous == nil)
        #expect(try self.read("auth: {keys: optional}").auth.anonymous == nil)
    }

    @Test func otherSettings() throws {
        let configuration = try self.read(
            """
            auth: {wrong_keys_per_minute: null}
            limits:
              global: {cost_monthly: "1000.000000001", cost_total: 3}
              budget_mode: estimate
              soft_percent: 100
              unknown_price: refuse
              table_slots: 4096
            schedule: {timezone: Europe/Berlin}
            """)
        #expect(configuration.auth.wrongKeysPerMinute == nil)
        #expect(configuration.limits.global[.monthlyCost] == 1_000_000_000_001)
        #expect(configuration.limits.global[.totalCost] == 3_000_000_000)
        #expect(configuration.limits.mode == .estimate)
        #expect(configuration.limits.softPercent == 100)
        #expect(!configuration.limits.allowsUnknownPrice)
        #expect(configuration.limits.tableSlots == 4096)
        #expect(configuration.timeZone == "Europe/Berlin")
    }
}
