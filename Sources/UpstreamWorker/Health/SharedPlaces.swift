internal import Limits
internal import Resilience

/// Who is short of places at a provider, on the board of the table that all upstreams share. Lives on the worker's loop.
final class SharedPlaces: PlaceNeighbours {
    private let health: SharedHealth
    private let provider: TargetHealth

    init(_ health: SharedHealth, _ provider: String) {
        self.health = health
        self.provider = health.provider(provider).whole
    }

    var isOneShort: Bool {
        ShortageWord(raw: self.health.load(self.provider.entry(self.health), HealthWords.Target.shortage))
            .holds(at: self.health.milliseconds)
    }

    func sayShort() {
        let word = ShortageWord.said(at: self.health.milliseconds)
        self.health.change(self.provider.entry(self.health), HealthWords.Target.shortage) { _ in word.raw }
    }
}
