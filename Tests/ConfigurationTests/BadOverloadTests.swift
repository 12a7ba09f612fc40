import Configuration
import Testing

/// What is wrong with what a provider may be asked for at once, and with the sharing of calls.
@Suite struct BadOverloadTests {
    private static func provider(_ keys: String, _ expected: String...) -> BadCase {
        var bad = BadCase("providers:\n  x:\n    dialect: simulated\n    \(keys)\n")
        bad.expected = expected
        return bad
    }

    static let concurrency = [
        provider("concurrency: 0", "4:18: providers.x.concurrency: expected a whole number of 1 to 100000"),
        provider("concurrency: off", "4:18: providers.x.concurrency: expected a whole number of 1 to 100000"),
        provider(
            "concurrency: 1025",
            "4:18: providers.x.concurrency: expected at most max_connections (1024), as each call needs a connection"),
        provider(
            "{max_connections: 5, concurrency: 6}".replacing("{", with: "").replacing("}", with: "").replacing(
                ", ", with: "\n    "),
            "5:18: providers.x.concurrency: expected at most max_connections (5)"),
    ]

    static let queue = [
        provider("queue: 5", "4:12: providers.x.queue: expected a mapping"),
        provider("queue: on", "4:12: providers.x.queue: expected a mapping"),
        provider("queue: {length: -1}", "4:21: providers.x.queue.length: expected a whole number of 0 to 100000"),
        provider("queue: {wait: 0s}", "4:19: providers.x.queue.wait: expected a duration between 1ms and 10m"),
        provider("queue: {wait: 11m}", "4:19: providers.x.queue.wait: expected a duration between 1ms and 10m"),
        provider("queue: {lenght: 1}", "4:13: providers.x.queue.lenght: unknown key; did you mean length?"),
    ]

    static let breaker = [
        provider("breaker: on", "4:14: providers.x.breaker: expected a mapping"),
        provider("breaker: {failures: 1001}", "4:25: providers.x.breaker.failures: expected a whole number of 0 to"),
        provider(
            "breaker: {error_rate: 101%}", "4:27: providers.x.breaker.error_rate: expected a share of 0% to 100%, such"),
        provider("breaker: {error_rate: 50}", "4:27: providers.x.breaker.error_rate: expected a share of 0% to 100%"),
        provider("breaker: {error_rate: 0.5}", "4:27: providers.x.breaker.error_rate: expected a share of 0% to 100%"),
        provider("breaker: {error_rate: -1%}", "4:27: providers.x.breaker.error_rate: expected a share of 0% to 100%"),
        provider("breaker: {requests: 0}", "4:25: providers.x.breaker.requests: expected a whole number of 1 to 1000,"),
        provider("breaker: {window: 1ms}", "4:23: providers.x.breaker.window: expected a duration between 1s and 10m"),
        provider("breaker: {open: 2h}", "4:21: providers.x.breaker.open: expected a duration between 100ms and 1h"),
        provider(
            "breaker: {open: 5s, longest_open: 4999ms}",
            "4:39: providers.x.breaker.longest_open: expected at least open (5s): it is what open grows to"),
        provider(
            "breaker: {longest_open: 999ms}", "4:29: providers.x.breaker.longest_open: expected at least open (1s)"),
        provider(
            "breaker: {error_rat: 5%}", "4:15: providers.x.breaker.error_rat: unknown key; did you mean error_rate?"),
    ]

    static let cache: [BadCase] = [
        BadCase("cache: {single_flight: 1}", "1:24: cache.single_flight: expected true or false"),
        BadCase(
            "cache: {scope: projects}", "1:16: cache.scope: expected project or key or shared (did you mean project?)"),
        BadCase("cache: {metering: leaders}", "1:19: cache.metering: expected leader or each (did you mean leader?)"),
        BadCase("cache: {singleflight: true}", "1:9: cache.singleflight: unknown key; did you mean single_flight?"),
    ]

    @Test(arguments: concurrency) func callsAtOnce(bad: BadCase) { bad.check() }
    @Test(arguments: queue) func queues(bad: BadCase) { bad.check() }
    @Test(arguments: breaker) func breakers(bad: BadCase) { bad.check() }
    @Test(arguments: cache) func sharedCalls(bad: BadCase) { bad.check() }

    @Test func aPoolHasAnEnd() {
        let keys = (0..<65).map { "{name: k\($0), value: v\($0)}" }.joined(separator: ",\n      ")
        BadCase(
            "providers:\n  x:\n    dialect: groq\n    keys: [\n      \(keys)]\n",
            "69:7: providers.x.keys[64]: a provider has at most 64 keys: leave the others out"
        ).check()
    }

    /// No message of a pool tells a key.
    @Test func keysAreNotRepeated() {
        let text = """
            providers:
              x:
                dialect: openai
                keys: [{name: hunter2 a, value: "hunter2 b"}, {name: one, value: hunter2c}, {name: one, value: hunter2c}]
            """
        let result = Document(text: text).result
        let shown = result.problems.map(\.description) + result.notices
        #expect(
            result.problems.map(\.path) == [
                "providers.x.keys[0].name", "providers.x.keys[0].value", "providers.x.keys[2].name",
            ])
        #expect(result.notices.count == 1)
        #expect(shown.filter { $0.contains("hunter2") }.count == 1, "the name alone is shown: \(shown)")
    }
}
