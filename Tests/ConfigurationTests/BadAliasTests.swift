import Configuration
import Testing

/// What is wrong with `models`, and with what has to fit together in it.
@Suite struct BadAliasTests {
    private static let providers = "providers: {s: {dialect: simulated}, open: {dialect: simulated}}\n"

    static let targets: [BadCase] = [
        BadCase("models: [x]", "1:9: models: expected a mapping"),
        BadCase("models: {m: }", "1:10: models.m.targets: expected targets, such as [openai:gpt-4o-mini]"),
        BadCase("models: {m: {targets: []}}", "1:10: models.m.targets: expected targets"),
        BadCase("models: {m: {targets: null, strategy: weighted}}", "1:10: models.m.targets: expected targets"),
        BadCase("models: {m: {targets: a:b}}", "1:23: models.m.targets: expected a list of targets"),
        BadCase(
            "models: {m: {targets: [gpt]}}", "1:24: models.m.targets[0]: expected a target of the form provider:model"),
        BadCase("models: {m: {targets: [\"a:\"]}}", "1:24: models.m.targets[0]: expected a target of the form"),
        BadCase("models: {m: {targets: [\":b\"]}}", "1:24: models.m.targets[0]: expected a target of the form"),
        BadCase("models: {m: {targets: [\"a:b c\"]}}", "1:24: models.m.targets[0]: expected a target of the form"),
        BadCase(
            "models: {m: {targets: [a:b]}}",
            "1:24: models.m.targets[0]: expected the name of a provider (simulated)"),
        BadCase(
            providers + "models: {m: {targets: [opem:b]}}",
            "2:24: models.m.targets[0]: expected the name of a provider (did you mean open?)"),
        BadCase(
            providers + "models: {m: {targets: [s:a, s:b, nobody:c]}}",
            "2:34: models.m.targets[2]: expected the name of a provider (s, open)"),
        BadCase(
            providers + "models: {m: {targets: [{weight: 1}]}}",
            "2:24: models.m.targets[0]: expected a target, such as"),
        BadCase(
            providers + "models: {m: {targets: [{target: s:a, wieght: 1}]}}",
            "2:38: models.m.targets[0].wieght: unknown key; did you mean weight?"),
        BadCase(
            providers + "models: {m: {targets: [{target: s:a, weight: 0}, {target: s:b, weight: 1000001}, s:c]}}",
            "2:46: models.m.targets[0].weight: expected a whole number of 1 to 1000000",
            "2:72: models.m.targets[1].weight: expected a whole number of 1 to 1000000"),
        BadCase(
            providers + "models: {m: {targets: [s:a, s:b, {target: s:a, weight: 1}]}}",
            "2:34: models.m.targets[2]: the target stands here more than once: leave this one out"),
        BadCase(
            providers + "models: {m: {targets: [\((0..<65).map { "s:\($0)" }.joined(separator: ", "))]}}",
            "2:398: models.m.targets[64]: an alias has at most 64 targets: leave the others out"),
        BadCase(
            providers + "models: {a b: {targets: [s:a]}}",
            #"2:10: models."a b": expected a model's"#),
        BadCase(
            "default_provider: x",
            "1:19: default_provider: expected the name of a provider (simulated)"),
        BadCase(
            "default_provider: b\nproviders: {a: {dialect: simulated}, c: {dialect: simulated}}",
            "1:19: default_provider: expected the name of a provider (a, c)"),
    ]

    static let stars: [BadCase] = [
        BadCase(
            providers + "models: {m: {targets: [\"s:*\"]}}",
            "2:24: models.m.targets[0]: expected a target without *: the alias's name has none that it could stand for"),
        BadCase(
            providers + "models: {\"m*\": {targets: [\"s:*-*\"]}}",
            "2:27: models.m*.targets[0]: expected a target with at most one *"),
        BadCase(
            providers + "models: {\"a*b*\": {targets: [\"s:a\"]}}",
            "2:10: models.a*b*: expected a name with at most one *"),
        BadCase(
            providers + "models: {\"m*\": {targets: [\"*:a\"]}}",
            "2:27: models.m*.targets[0]: expected a target of the form provider:model"),
        BadCase(
            providers + "auth: {anonymous: {models: [a, \"b*c*\", \"s:*\", \"d e\"]}}",
            "2:32: auth.anonymous.models[1]: expected a name with at most one *",
            "2:47: auth.anonymous.models[3]: expected a model's name"),
    ]

    static let attempts: [BadCase] = [
        BadCase(
            providers + "models: {m: {targets: [s:a], retries: 9}}",
            "2:39: models.m.retries: expected a whole number of 0 to 8"),
        BadCase(
            providers + "models: {m: {targets: [s:a], retries: -1, retrys: 1}}",
            "2:39: models.m.retries: expected a whole number of 0 to 8",
            "2:43: models.m.retrys: unknown key; did you mean retries?"),
        BadCase(
            providers + "models: {m: {targets: [s:a], retry_delay: 0s}}",
            "2:43: models.m.retry_delay: expected a duration between 1ms and 10s"),
        BadCase(
            providers + "models: {m: {targets: [s:a], retry_delay: 61s}}",
            "2:43: models.m.retry_delay: expected a duration between 1ms and 10s"),
        BadCase(
            providers + "models: {m: {targets: [s:a], retry_delay: 500}}",
            "2:43: models.m.retry_delay: expected a duration: a whole number and a unit"),
    ]

    static let hedges = ["p49", "p100", "p", "p9x", "p095", "95", "95%", "0s", "11m", "true", "[]", "soon", "''"]

    static let strategies: [BadCase] = [
        BadCase(
            providers + "models: {m: {targets: [s:a], strategy: least_latancy}}",
            "2:40: models.m.strategy: expected ordered or weighted or least_latency or least_cost or least_busy "
                + "(did you mean least_latency?), found"),
        BadCase(
            providers + "models: {m: {targets: [s:a], strategy: off}}", "2:40: models.m.strategy: expected ordered or"),
        BadCase(
            providers + "models: {m: {targets: [{target: s:a, weight: 3}, s:b]}}",
            "2:38: models.m.targets[0].weight: different weights have no meaning with strategy ordered: leave them out, "
                + "or set strategy to weighted"),
        BadCase(
            providers + "models: {m: {strategy: least_cost, targets: [s:a, {target: s:b, weight: 2}]}}",
            "2:65: models.m.targets[1].weight: different weights have no meaning with strategy least_cost"),
        BadCase(
            providers + "models: {m: {strategy: least_busy, targets: [{target: s:b, weight: 2}, s:a]}}",
            "2:60: models.m.targets[0].weight: different weights have no meaning with strategy least_busy"),
        BadCase(
            providers + "models: {m: {targets: [s:a, s:b], sticky: user}}",
            "2:35: models.m.sticky: has no meaning with strategy ordered: leave it out, or set strategy to weighted"),
        BadCase(
            providers + "models: {m: {targets: [s:a, s:b], sticky: key, strategy: least_busy}}",
            "2:35: models.m.sticky: has no meaning with strategy least_busy"),
        BadCase(
            providers + "models: {m: {targets: [s:a, s:b], sticky: users, strategy: weighted}}",
            "2:43: models.m.sticky: expected user or key (did you mean user?)"),
        BadCase(
            providers + "models: {m: {targets: [s:a], strategy: wieghted, sticky: user}}",
            "2:40: models.m.strategy: expected ordered or weighted"),
    ]

    static let tiers: [BadCase] = [
        BadCase(
            providers + "models: {m: {targets: [s:a], tier: fats}}",
            "2:36: models.m.tier: expected fast or deep (did you mean fast?)"),
        BadCase(
            providers + "models: {auto: {route: {by: tier}}}",
            "2:10: models.auto.route: no alias has tier fast: add one, such as fast: {tier: fast, targets: [openai:",
            "2:10: models.auto.route: no alias has tier deep: add one, such as deep: {tier: deep, "),
        BadCase(
            providers + "models:\n  auto: {route: {by: tier}}\n  f: {tier: fast, targets: [s:a]}",
            "3:3: models.auto.route: no alias has tier deep"),
        BadCase(
            providers + "models:\n  auto: {route: {by: tier}}\n  f: {tier: fast, targets: [s:a]}\n"
                + "  \"d-*\": {tier: deep, targets: [\"s:*\"]}",
            "3:3: models.auto.route: no alias of tier deep has a target without *: add one"),
        // What is wrong with a tier's alias is said once.
        BadCase(
            providers + "models:\n  auto: {route: {by: tier}}\n  f: {tier: fast, targets: [s:a]}\n"
                + "  d: {tier: deep, targets: [x:y]}",
            "5:29: models.d.targets[0]: expected the name of a provider"),
        BadCase(
            providers
                + "models:\n  auto: {route: {}}\n  f: {tier: fast, targets: [s:a]}\n  d: {tier: deep, targets: [s:a]}",
            "3:10: models.auto.route.by: missing; expected tier"),
        BadCase(
            providers
                + "models:\n  auto: {tier: fast, targets: [s:a], route: {by: tiers, threshold_characters: 0, header: 'a b'}}\n"
                + "  f: {tier: fast, targets: [s:a]}\n  d: {tier: deep, targets: [s:a]}",
            "3:10: models.auto.tier: has no meaning beside route, which chooses: leave it out",
            "3:22: models.auto.targets: has no meaning beside route, whose targets are those of the aliases with a tier",
            "3:50: models.auto.route.by: expected tier (did you mean tier?)",
            "3:79: models.auto.route.threshold_characters: expected a whole number of 1 to 1000000000",
            "3:90: models.auto.route.header: expected a header's name"),
        BadCase(
            providers + "models:\n  auto: {route: {by: tier, header: Authorization, treshold_characters: 5}}\n"
                + "  f: {tier: fast, targets: [s:a]}\n  d: {tier: deep, targets: [s:a]}",
            "3:36: models.auto.route.header: expected a header that means nothing else, such as x-sluice-tier",
            "3:51: models.auto.route.treshold_characters: unknown key; did you mean threshold_characters?"),
        BadCase(
            providers + "models:\n  auto: {route: {by: tier, header: X-Sluice-Tags}}\n"
                + "  f: {tier: fast, targets: [s:a]}\n  d: {tier: deep, targets: [s:a]}",
            "3:36: models.auto.route.header: expected a header that means nothing else, such as x-sluice-tier"),
        BadCase(
            providers + "models:\n  auto: {route: {by: tier}}\n  d: {tier: deep, targets: [s:a]}\n"
                + (0..<2).map { alias in
                    let targets = (0..<40).map { "s:\(alias)-\($0)" }.joined(separator: ", ")
                    return "  f\(alias): {tier: fast, targets: [\(targets)]}\n"
                }.joined(),
            "3:3: models.auto.route: expected at most 64 different targets in tier fast, found 80"),
    ]

    @Test(arguments: targets) func whereItLeads(bad: BadCase) { bad.check() }
    @Test(arguments: stars) func wildcards(bad: BadCase) { bad.check() }
    @Test(arguments: attempts) func furtherAttempts(bad: BadCase) { bad.check() }
    @Test(arguments: strategies) func strategiesAndWeights(bad: BadCase) { bad.check() }
    @Test(arguments: tiers) func tiersAndRoutes(bad: BadCase) { bad.check() }

    @Test(arguments: hedges) func hedgeDelays(delay: String) {
        BadCase(
            Self.providers + "models: {m: {targets: [s:a], hedge_after: \(delay)}}",
            "2:43: models.m.hedge_after: expected a duration"
        ).check()
    }
}
