import Configuration
import Domain
import JSON
import Testing

/// Providers, aliases and prices that come by API.
@Suite struct ObjectTests {
    /// The members of a JSON object.
    static func members(_ text: String) -> [JSONValue.Member] {
        guard case .object(let members) = try? JSONReader().read(Array(text.utf8), maximumBytes: 1 << 20) else {
            Issue.record("no JSON object: \(text)")
            return []
        }
        return members
    }

    static func object(_ kind: ObjectKind, _ name: String, _ text: String, created: UInt64 = 0) -> ConfigurationObject {
        ConfigurationObject(ObjectName(kind, name), members: self.members(text), created: created)
    }

    static func load(_ text: String) -> ConfigurationResult {
        let result = ConfigurationLoader.load(text: text, file: "f.yaml", environment: [:]) {
            (_, _) throws(BoundedFile.Failure) in
            throw BoundedFile.Failure(reason: "no files here")
        }
        #expect(result.problems.isEmpty)
        return result
    }

    @Test func aProviderIsReadAsInTheFile() throws {
        let file = Self.load(
            """
            providers:
              a: {dialect: groq, api_key: gsk_0123456789abcdef, timeouts: {connect: 1s}, breaker: off, queue: {length: 4},
                  headers: {X-Team: "one two"}, concurrency: 7, max_connections: 9}
            """)
        let object = Self.object(
            .provider, "a",
            """
            {"dialect": "groq", "api_key": "gsk_0123456789abcdef", "timeouts": {"connect": "1s"}, "breaker": false,
             "queue": {"length": 4}, "headers": {"X-Team": "one two"}, "concurrency": 7, "max_connections": 9}
            """)
        var expected = try #require(file.configuration?.providers.first)
        expected.settings.reach = .publicInternet
        #expect(ObjectSchema.read(object, providers: []) == .object(.provider(expected)))
    }

    @Test(arguments: [
        (ObjectKind.provider, "p", "{}", "dialect", "missing; expected one of", false),
        (.provider, "p", #"{"dialect": "opanai"}"#, "dialect", "did you mean openai", false),
        (.provider, "p", #"{"dialect": "groq", "apikey": "k"}"#, "apikey", "unknown key; did you mean api_key", true),
        (.provider, "p", #"{"dialect": "simulated", "delay": "2h"}"#, "delay", "expected a duration", false),
        (
            .provider, "p", #"{"dialect": "simulated", "tokens_per_second": "5"}"#, "tokens_per_second",
            "expected a whole number", false
        ),
        (.provider, "p", #"{"dialect": "groq", "api_key": "a b"}"#, "api_key", "expected a key of printable", false),
        (.provider, "p", #"{"dialect": "groq", "api_key": "k", "proxy": "http://p:1"}"#, "proxy", "file only", false),
        (.provider, "p", #"{"dialect": "groq", "api_key": "k", "ca_file": "/x"}"#, "ca_file", "file only", false),
        (
            .provider, "p", #"{"dialect": "groq", "api_key": "k", "allow_private_network": true}"#,
            "allow_private_network", "file only", false
        ),
        (
            .provider, "p", #"{"dialect": "groq", "keys": [{"name": "a", "value": "k"}, {"value": "l"}]}"#,
            "keys[1].name", "missing", false
        ),
        (.provider, "p q", #"{"dialect": "simulated"}"#, "name", "expected a name of 1 to 64", false),
        (
            .provider, "p", #"{"dialect": "simulated", "dialect": "groq"}"#, "dialect", "the member occurs twice", true
        ),
        (
            .provider, "p", #"{"dialect": "simulated", "timeouts": {"idle": "1s", "idle": "2s"}}"#, "timeouts.idle",
            "the member occurs twice", true
        ),
        (.alias, "a", "{}", "targets", "expected targets", false),
        (.alias, "a", #"{"targets": ["b:c"]}"#, "targets[0]", "expected the name of a provider", false),
        (.alias, "a", #"{"targets": ["one:c"], "tagets": 1}"#, "tagets", "unknown key", true),
        (.alias, "a b", #"{"targets": ["one:c"]}"#, "name", "expected a model's name", false),
        (.price, "one:m", #"{"input": 1}"#, "output", "missing; what costs nothing has the price 0", false),
        (.price, "two:m", #"{"input": 1, "output": 1}"#, "name", "expected the name of a provider", false),
        (.price, "one:m", #"{"input": -1, "output": 1}"#, "input", "expected USD per million", false),
    ])
    func problemsNameTheMember(
        kind: ObjectKind, name: String, text: String, member: String, message: String, isUnknown: Bool
    ) throws {
        guard case .problems(let problems) = ObjectSchema.read(Self.object(kind, name, text), providers: ["one"]) else {
            Issue.record("it was accepted")
            return
        }
        let problem = try #require(problems.first { $0.member == member }, "\(problems)")
        #expect(problem.message.contains(message))
        #expect(problem.isUnknownMember == isUnknown)
    }

    @Test(
        arguments: [
            ("0.15", 150_000), ("3", 3_000_000), (#""0.15""#, 150_000), ("0.000001", 1), ("1e-6", 1), ("1.5e-5", 15),
            ("2.50", 2_500_000),
        ] as [(String, Int64)])
    func aPriceMayBeANumber(text: String, rate: Int64) {
        let object = Self.object(.price, "one:m", "{\"input\": \(text), \"output\": 0}")
        guard case .object(.price(let price)) = ObjectSchema.read(object, providers: ["one"]) else {
            Issue.record("it was refused")
            return
        }
        #expect(price.price.rates.input == rate)
    }

    @Test func aPriceHasTiersServicesAndUnits() throws {
        let text =
            """
            {"input": 1, "output": 2, "per_query": 0.000000000001, "tiers": [{"above": 1000, "input": 3, "output": 4}],
             "services": {"flex": {"input": 0.5, "output": 1, "image": null}, "batch": null}}
            """
        guard case .object(let read) = ObjectSchema.read(Self.object(.price, "one:m", text), providers: ["one"]),
            case .price(let price) = read
        else {
            Issue.record("it was refused")
            return
        }
        #expect(
            price.price
                == Price(
                    Price.Rates(input: 1_000_000, output: 2_000_000, units: [.query: 1]),
                    tiers: [PromptTier(above: 1000, rates: Price.Rates(input: 3_000_000, output: 4_000_000))],
                    services: [.flex: PriceList(Price.Rates(input: 500_000, output: 1_000_000))]))
        var writer = JSONWriter()
        writer.value(.object(read.shown))
        let shown =
            #"{"input":"1","output":"2","per_query":"0.000000000001","tiers":[{"above":1000,"input":"3","output":"4"}],"#
            + #""services":{"flex":{"input":"0.5","output":"1"}}}"#
        #expect(String(decoding: writer.bytes, as: UTF8.self) == shown)
    }

    @Test func secretsAreMasked() throws {
        let object = Self.object(
            .provider, "p",
            """
            {"dialect": "openai", "keys": [{"name": "a", "value": "sk-0123456789abcdef"}, {"name": "b", "value": "short"}],
             "headers": {"X-Secret": "topsecrettopsecret"}}
            """)
        guard case .object(let read) = ObjectSchema.read(object, providers: []) else {
            Issue.record("it was refused")
            return
        }
        var writer = JSONWriter()
        writer.value(.object(read.shown))
        let text = String(decoding: writer.bytes, as: UTF8.self)
        #expect(text.contains(#""value":"sk-…cdef""#) && text.contains(#""value":"…""#))
        #expect(text.contains(#""X-Secret":"top…cret""#))
        #expect(!text.contains("0123456789") && !text.contains("short") && !text.contains("topsecret"))
        #expect(!"\(object)".contains("sk-") && !String(reflecting: object).contains("sk-"))
        var dumped = ""
        dump(object, to: &dumped)
        #expect(!dumped.contains("short"))
    }

    // MARK: Merging

    private static let file = """
        providers:
          one: {dialect: simulated}
        models:
          fast: {targets: ["one:m"]}
        pricing:
          one:m: {input: 1, output: 2}
        """

    @Test func objectsAreAddedToTheFile() {
        let merge = ObjectMerge(
            Self.load(Self.file),
            [
                Self.object(.price, "two:*", #"{"input": 5, "output": 6}"#),
                Self.object(.alias, "slow", #"{"targets": ["two:n", "one:m"]}"#),
                Self.object(.provider, "two", #"{"dialect": "groq", "api_key": "k"}"#),
            ])
        #expect(merge.notices == [])
        #expect(merge.configuration.providers.map(\.settings.name) == ["one", "two"])
        #expect(merge.configuration.providers.map(\.settings.reach) == [.anywhere, .publicInternet])
        #expect(merge.configuration.models.map(\.name) == ["fast", "slow"])
        #expect(merge.configuration.pricing.map(\.model) == ["m", nil])
        // The only one of the file stays the default one.
        #expect(merge.configuration.defaultProvider == "one")
        #expect(merge.objects.count == 3)
    }

    @Test func theFileHidesWhatHasItsName() {
        let merge = ObjectMerge(
            Self.load(Self.file),
            [
                Self.object(.provider, "one", #"{"dialect": "groq", "api_key": "k"}"#),
                Self.object(.alias, "fast", #"{"targets": ["one:other"]}"#),
                Self.object(.price, "one:m", #"{"input": 9, "output": 9}"#),
            ])
        #expect(merge.configuration == Self.load(Self.file).configuration)
        #expect(
            merge.notices == [
                "the provider one, made by API, is not in force: f.yaml:2 defines the name",
                "the model alias fast, made by API, is not in force: f.yaml:4 defines the name",
                "the price one:m, made by API, is not in force: f.yaml:6 defines the name",
            ])
    }

    @Test func whatFitsNoMoreIsLeftOutAndSaid() {
        let objects = [
            Self.object(.alias, "gone", #"{"targets": ["away:m"]}"#),
            Self.object(.price, "away:m", #"{"input": 9, "output": 9}"#),
            Self.object(.alias, "slow", #"{"targets": ["one:x"]}"#),
        ]
        let merge = ObjectMerge(Self.load(Self.file), objects)
        #expect(merge.configuration.models.map(\.name) == ["fast", "slow"])
        #expect(merge.reasons.count == 2)
        #expect(
            merge.reasons[ObjectName(.alias, "gone")]?.contains("targets[0]: expected the name of a provider") == true)
    }

    @Test func theStandInGoes() {
        let base = ConfigurationLoader.fromEnvironment(environment: [:])
        #expect(base.hasStandIn)
        let young = Self.object(.provider, "a", #"{"dialect": "groq", "api_key": "k"}"#, created: 2)
        let old = Self.object(.provider, "b", #"{"dialect": "simulated"}"#, created: 1)
        let both = ObjectMerge(base, [young, old]).configuration
        #expect(both.providers.map(\.settings.name) == ["a", "b"])
        #expect(both.defaultProvider == "b")
        #expect(ObjectMerge(base, []).configuration.providers == [.simulated])
        // Its name is free.
        let named = ObjectMerge(base, [Self.object(.provider, "simulated", #"{"dialect": "groq", "api_key": "k"}"#)])
        #expect(named.configuration.providers.count == 1 && named.notices == [])
        let found = ConfigurationLoader.fromEnvironment(environment: ["GROQ_API_KEY": "k"])
        #expect(!found.hasStandIn)
        #expect(
            ObjectMerge(found, [Self.object(.provider, "groq", #"{"dialect": "simulated"}"#)]).notices
                == ["the provider groq, made by API, is not in force: environment defines the name"])
    }

    @Test func tiersAreLookedAtTogether() {
        let route = Self.object(.alias, "auto", #"{"route": {"by": "tier"}}"#)
        let fast = Self.object(.alias, "quick", #"{"targets": ["one:m"], "tier": "fast"}"#)
        let deep = Self.object(.alias, "deep", #"{"targets": ["one:n"], "tier": "deep"}"#)
        #expect(ObjectMerge(Self.load(Self.file), [route, fast, deep]).notices == [])
        let without = ObjectMerge(Self.load(Self.file), [route, fast])
        #expect(without.configuration.models.map(\.name) == ["fast", "quick"])
        #expect(without.notices.count == 1 && without.notices.first?.contains("no alias has tier deep") == true)
    }

    @Test func placesAreFound() {
        let result = Self.load(Self.file)
        #expect(result.place(of: ObjectName(.alias, "fast"))?.line == 4)
        #expect(result.place(of: ObjectName(.alias, "fast"))?.file == "f.yaml")
        #expect(result.place(of: ObjectName(.alias, "slow")) == nil)
        #expect(result.place(of: ObjectName(.price, "one:m"))?.line == 6)
    }
}
