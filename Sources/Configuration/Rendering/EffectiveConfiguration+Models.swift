import Domain

extension EffectiveConfiguration {
    static func value(of alias: ModelAlias) -> EffectiveValue {
        var entries: [(key: String, value: EffectiveValue)] = []
        if let route = alias.route {
            entries.append(
                (
                    "route",
                    .mapping([
                        ("by", .text("tier")), ("threshold_characters", .integer(Int(route.threshold))),
                        ("header", .text(route.header)),
                    ])
                ))
        } else {
            entries.append(("targets", .list(self.targets(alias.choices))))
            entries.append(("tier", alias.tier.map { .text($0.name) } ?? .null))
        }
        let policy = alias.policy
        entries.append(("strategy", .text(AliasSchema.name(of: policy.strategy))))
        entries.append(("sticky", self.value(of: alias.sticky)))
        entries.append(("retries", .integer(Int(policy.retries))))
        entries.append(("retry_delay", self.value(ofMilliseconds: policy.retryDelay)))
        entries.append(("hedge_after", policy.hedgeAfter.map { .text(HedgeDelayText.text(of: $0)) } ?? .null))
        return .mapping(entries)
    }

    static func value(of shared: SharedCallSettings) -> EffectiveValue {
        let scope =
            switch shared.scope {
            case .project: "project"
            case .key: "key"
            case .everybody: "shared"
            }
        return .mapping([
            ("single_flight", .boolean(shared.isOn)), ("scope", .text(scope)),
            ("metering", .text(shared.eachPays ? "each" : "leader")),
        ])
    }

    /// With their weights where these differ.
    private static func targets(_ choices: [ModelAlias.Choice]) -> [EffectiveValue] {
        let areEqual = choices.allSatisfy { $0.weight == choices.first?.weight }
        return choices.map { choice in
            let target = EffectiveValue.text(choice.target.description)
            return areEqual && choice.weight == 1
                ? target : .mapping([("target", target), ("weight", .integer(Int(choice.weight)))])
        }
    }

    private static func value(of sticky: RouteTable.Sticky) -> EffectiveValue {
        switch sticky {
        case .none: .null
        case .user: .text("user")
        case .key: .text("key")
        }
    }
}
