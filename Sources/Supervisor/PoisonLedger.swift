import Domain

/// Which requests kill workers. A request that was in flight at two deaths by a worker's own fault within ten minutes is
/// quarantined for ten minutes. Pure: times are milliseconds handed in.
///
/// What was in flight is known to whoever reads the journals (the aggregator), so each such death waits here until it has
/// been answered for. Bounded: the oldest are forgotten first.
struct PoisonLedger: Hashable, Sendable {
    /// Milliseconds that a death counts, and that a quarantine lasts.
    static let span: UInt64 = 600_000
    /// Deaths that make a request poison.
    static let limit = 2
    static let maximumDeaths = 64
    /// Fingerprints that are watched or quarantined.
    static let maximumFingerprints = 8192

    struct Death: Hashable, Sendable {
        var role: Role
        var instance: UInt32
    }

    struct Suspect: Hashable, Sendable {
        /// When the last deaths with it in flight were, oldest first.
        var deaths: [UInt64]
        var quarantinedUntil: UInt64 = 0
        var last: UInt64 { max(self.quarantinedUntil, self.deaths.last ?? 0) }
    }

    /// Deaths nobody has answered for yet, oldest first.
    var open: [Death] = []
    var suspects: [UInt64: Suspect] = [:]

    /// A worker died by one of the signals that mean a fault of its own.
    mutating func died(_ role: Role, instance: UInt32) {
        self.open.append(Death(role: role, instance: instance))
        if self.open.count > Self.maximumDeaths { self.open.removeFirst() }
    }

    /// What was in flight at a death. Returns the fingerprints that are poison from now on; an answer nobody waited for counts
    /// for nothing.
    mutating func answered(instance: UInt32, fingerprints: [UInt64], at now: UInt64) -> [UInt64] {
        guard let place = self.open.firstIndex(where: { $0.instance == instance }) else { return [] }
        self.open.remove(at: place)
        var poison: [UInt64] = []
        // Two equal requests at once are one suspect.
        for fingerprint in Set(fingerprints) {
            var suspect = self.suspects[fingerprint] ?? Suspect(deaths: [])
            suspect.deaths.removeAll { $0 &+ Self.span <= now }
            suspect.deaths.append(now)
            if suspect.deaths.count >= Self.limit {
                suspect.deaths = []
                suspect.quarantinedUntil = now &+ Self.span
                poison.append(fingerprint)
            }
            self.suspects[fingerprint] = suspect
        }
        self.forget(at: now)
        return poison.sorted()
    }

    /// What is quarantined, with the milliseconds that are left.
    func quarantined(at now: UInt64) -> [(fingerprint: UInt64, milliseconds: UInt64)] {
        self.suspects.filter { $0.value.quarantinedUntil > now }
            .map { (fingerprint: $0.key, milliseconds: $0.value.quarantinedUntil &- now) }
            .sorted { $0.fingerprint < $1.fingerprint }
    }

    /// Lets a request go. False when it was not quarantined.
    mutating func clear(_ fingerprint: UInt64, at now: UInt64) -> Bool {
        guard let suspect = self.suspects.removeValue(forKey: fingerprint) else { return false }
        return suspect.quarantinedUntil > now
    }

    private mutating func forget(at now: UInt64) {
        self.suspects = self.suspects.filter { _, suspect in
            suspect.quarantinedUntil > now || suspect.deaths.contains { $0 &+ Self.span > now }
        }
        guard self.suspects.count > Self.maximumFingerprints else { return }
        let surplus = self.suspects.count - Self.maximumFingerprints
        let oldest = self.suspects.sorted { ($0.value.last, $0.key) < ($1.value.last, $1.key) }.prefix(surplus)
        for (fingerprint, _) in oldest { self.suspects[fingerprint] = nil }
    }
}
