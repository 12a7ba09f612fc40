import Domain
import Limits
import Routing

/// The limits of a snapshot, prepared for use. Immutable; an object, as each request asks it several times.
final class LimitPolicy {
    let global: LimitSet
    let perAddress: LimitSet
    let perKey: LimitSet
    let mode: BudgetMode
    let allowsUnknownPrice: Bool
    let softPercent: UInt8
    /// What wrong keys of one address are limited to; empty: not at all.
    let wrongKeys: LimitSet
    let anonymous: LimitSet
    let proxies: TrustedProxies
    let timeZone: TimeZoneRules
    private let models: [[UInt8]: LimitSet]
    /// What callers without a key may use; none where that is everything.
    let anonymousLists: [AllowList]

    init(_ settings: LimitSettings) {
        self.global = settings.global.bounding
        self.perAddress = settings.perAddress.bounding
        self.perKey = settings.perKey
        self.mode = settings.mode
        self.allowsUnknownPrice = settings.allowsUnknownPrice
        self.softPercent = settings.softPercent
        self.wrongKeys = LimitSet(settings.wrongKeysPerMinute.map { [.requestsPerMinute: $0] } ?? [:]).bounding
        self.anonymous = settings.anonymous.limits.bounding
        self.proxies = TrustedProxies(settings.trustedProxies)
        self.timeZone = settings.timeZone
        self.models = Dictionary(
            settings.models.map { ($0.name, $0.limits.bounding) }, uniquingKeysWith: { first, _ in first }
        ).filter { !$0.value.isEmpty }
        self.anonymousLists = settings.anonymous.models.isEmpty ? [] : [AllowList(settings.anonymous.models)]
    }

    /// The limits of a model by the name the client asks for; nil where it has none.
    func limits(of model: [UInt8]) -> LimitSet? {
        self.models.isEmpty ? nil : self.models[model]
    }
}

extension LimitSet {
    /// Without what says "not limited", which has done its work once defaults are filled in.
    var bounding: LimitSet {
        guard !self.isEmpty else { return self }
        var bounding = self
        for kind in LimitKind.allCases where self[kind] == LimitSet.unlimited { bounding[kind] = nil }
        return bounding
    }
}
