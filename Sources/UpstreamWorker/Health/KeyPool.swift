internal import Domain
internal import Limits
internal import Resilience

/// The keys of one provider as one configuration has them: where their entries are, and what they demand of the table.
///
/// A provider without keys has one without bytes. Lives on the worker's loop, in its `ProviderPool`.
final class KeyPool {
    let settings: ProviderSettings
    let provider: ProviderHealth
    /// All bits of the keys there are.
    let all: UInt64
    let weights: [UInt32]
    /// What a call with each key demands; empty where nothing is limited.
    let demands: [[LimitDemand.Entry]]
    /// What each key may use in a minute; nil where that is not limited.
    private let mostTokens: [Int64?]
    let hasBreaker: Bool
    private let ids: [HealthID]
    private let values: [Secret]
    private var entries: [Int?]
    private var generation: UInt64 = 0
    /// Where keys were refused for single models.
    private var modelEntries: [ModelKey: Int] = [:]
    private static let maximumModelEntries = 1024

    private struct ModelKey: Hashable {
        var key: UInt8
        var model: [UInt8]
    }

    init(_ settings: ProviderSettings, _ provider: ProviderHealth) {
        self.settings = settings
        self.provider = provider
        let keys =
            settings.keys.isEmpty
            ? [ProviderKey(value: Secret([]))] : Array(settings.keys.prefix(ProviderSettings.maximumKeys))
        self.all = keys.count == 64 ? .max : 1 << UInt64(keys.count) - 1
        self.weights = keys.map(\.weight)
        self.values = keys.map(\.value)
        let ids = keys.map { HealthID.key(provider: settings.name, value: $0.value) }
        self.ids = ids
        self.entries = keys.map { _ in nil }
        self.mostTokens = keys.map { $0.tokensPerMinute.map { Int64($0) } }
        self.hasBreaker = settings.breaker.failures > 0 || settings.breaker.errorRate > 0
        var concurrency: [LimitDemand.Entry] = []
        if let most = settings.concurrency {
            concurrency = [
                KeyPool.entry(.provider(settings.name), .global, [.concurrency: Int64(most)])
            ]
        }
        self.demands = keys.indices.map { index in
            var limits: [LimitKind: Int64] = [:]
            limits[.requestsPerMinute] = keys[index].requestsPerMinute.map { Int64($0) }
            limits[.tokensPerMinute] = keys[index].tokensPerMinute.map { Int64($0) }
            return (limits.isEmpty ? [] : [KeyPool.entry(ids[index], .key, limits)]) + concurrency
        }
    }

    /// The table has no budgets, so no period ever ends there.
    private static func entry(
        _ id: HealthID, _ scope: LimitScope, _ limits: [LimitKind: Int64]
    ) -> LimitDemand.Entry {
        LimitDemand.Entry(
            key: LimitKey(scope, EntityID(high: id.high, low: id.low)), scope: scope, limits: LimitSet(limits),
            periods: CalendarPeriods(day: 1, week: 1, month: 1))
    }

    /// The key's name in the configuration.
    func name(_ key: UInt8) -> String {
        Int(key) < self.settings.keys.count ? self.settings.keys[Int(key)].name : ""
    }

    /// The tokens that a call with the key is held to use; 0 where they are not limited. `expected` is a guess from the body's
    /// length, which images make far too large: it is at most what the key may use, so that such a call waits, but not for ever.
    func tokens(_ key: UInt8, expected: () -> Int64) -> Int64 {
        guard Int(key) < self.mostTokens.count, let most = self.mostTokens[Int(key)] else { return 0 }
        return min(max(0, expected()), most)
    }

    // MARK: Entries

    /// A key's entry.
    @inline(__always)
    func entry(_ key: UInt8, _ health: SharedHealth) -> Int? {
        guard Int(key) < self.entries.count else { return nil }
        if self.generation == health.generation, let entry = self.entries[Int(key)] { return entry }
        return self.find(key, health)
    }

    @inline(never)
    private func find(_ key: UInt8, _ health: SharedHealth) -> Int? {
        if self.generation != health.generation {
            self.generation = health.generation
            self.entries = self.entries.map { _ in nil }
            self.modelEntries = [:]
        }
        self.entries[Int(key)] = health.board?.enter(self.ids[Int(key)])
        return self.entries[Int(key)]
    }

    /// The entry of a key for one model; nil where it was never refused for it.
    func entry(_ key: UInt8, model: [UInt8], _ health: SharedHealth) -> Int? {
        guard let entry = self.entry(key, health), health.load(entry, HealthWords.Key.models) != 0 else { return nil }
        let name = ModelKey(key: key, model: model)
        if let entry = self.modelEntries[name] { return entry }
        guard let found = health.board?.find(self.id(name)) else { return nil }
        self.keep(found, name)
        return found
    }

    /// The same, made where it is not there: the provider has refused the key for the model.
    func enteredEntry(_ key: UInt8, model: [UInt8], _ health: SharedHealth) -> Int? {
        if let entry = self.entry(key, model: model, health) { return entry }
        guard let own = self.entry(key, health) else { return nil }
        let name = ModelKey(key: key, model: model)
        guard let entry = health.board?.enter(self.id(name), isChosenByClients: true) else { return nil }
        health.change(own, HealthWords.Key.models) { $0 &+ 1 }
        self.keep(entry, name)
        return entry
    }

    private func id(_ name: ModelKey) -> HealthID {
        .key(provider: self.settings.name, value: self.values[Int(name.key)], model: name.model)
    }

    private func keep(_ entry: Int, _ name: ModelKey) {
        if self.modelEntries.count >= Self.maximumModelEntries { self.modelEntries = [:] }
        self.modelEntries[name] = entry
    }

    // MARK: How keys stand

    /// The keys that may be used now, without those of `avoiding`; why there is none, where there is none.
    func free(
        for model: [UInt8], avoiding: KeySet, at now: UInt64, _ health: SharedHealth
    ) -> (keys: UInt64, standing: CallStanding) {
        var free: UInt64 = 0
        var cooling: UInt64?
        for key in 0..<UInt8(truncatingIfNeeded: self.weights.count) {
            let entry = self.entry(key, health)
            let cooldown = CooldownWord(raw: health.load(entry, HealthWords.Key.cooldown)).wait(at: now)
            let out = KeyOutWord(raw: health.load(entry, HealthWords.Key.out)).standing(health.version, at: now)
            if case .out = out { continue }
            if let entry = self.entry(key, model: model, health) {
                let out = KeyOutWord(raw: health.load(entry, HealthWords.Key.out))
                if case .out = out.standing(health.version, at: now) { continue }
            }
            if cooldown > 0 {
                cooling = min(cooling ?? .max, cooldown)
            } else {
                free |= 1 << UInt64(key)
            }
        }
        let rest = free & ~avoiding.bits
        if rest != 0 { return (rest, .free) }
        if free != 0 { return (0, .keysCooling(0)) }
        return (0, cooling.map { .keysCooling($0 &* 1_000_000) } ?? .keysOut)
    }
}
