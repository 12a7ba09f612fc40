import Domain

extension EffectiveConfiguration {
    static func value(of limits: LimitConfiguration) -> EffectiveValue {
        .mapping([
            ("global", .mapping(self.entries(of: limits.global))),
            ("budget_mode", .text(limits.mode == .strict ? "strict" : "estimate")),
            ("soft_percent", .integer(Int(limits.softPercent))),
            ("per_ip", self.value(of: limits.perAddress)),
            ("per_key", self.value(of: limits.perKey)),
            (
                "models",
                .mapping(
                    limits.models.map {
                        (String(decoding: $0.name, as: UTF8.self), .mapping(self.entries(of: $0.limits)))
                    })
            ),
            ("unknown_price", .text(limits.allowsUnknownPrice ? "allow" : "refuse")),
            ("table_slots", .integer(Int(limits.tableSlots))),
        ])
    }

    static func value(of anonymous: LimitSettings.Anonymous) -> EffectiveValue {
        .mapping(
            self.entries(of: anonymous.limits) + [
                ("models", .list(anonymous.models.map { .text(String(decoding: $0, as: UTF8.self)) }))
            ])
    }

    /// The limits of a scope that has a default, which is taken away where it is not in force.
    private static func value(of limits: LimitSet) -> EffectiveValue {
        let none: [(key: String, value: EffectiveValue)] =
            limits[.requestsPerMinute] == nil ? [("\(LimitKind.requestsPerMinute.name)", .null)] : []
        return .mapping(none + self.entries(of: limits))
    }

    private static func entries(of limits: LimitSet) -> [(key: String, value: EffectiveValue)] {
        LimitKind.allCases.compactMap { kind in
            limits[kind].map { value in
                ("\(kind.name)", kind.unit == .cost ? .text(MoneyText.text(nanoDollars: value)) : .integer(Int(value)))
            }
        }
    }
}
