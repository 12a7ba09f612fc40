internal import Domain
internal import IPC

/// What is counted of breakers, keys, retries and hedges since the process started. Lives on the worker's loop.
final class ResilienceCounters {
    /// How a hedge ended.
    enum HedgeOutcome: String {
        /// The second call had content first.
        case won
        /// The first call did.
        case lost
        /// Neither had any.
        case failed
    }

    private struct Key: Hashable {
        var provider: String
        var key: String
    }

    private struct Target: Hashable {
        var provider: String
        /// Empty for the provider as a whole.
        var model: [UInt8]
    }

    /// Models that are counted by name; the others count as `other`.
    private static let maximumModels = 512

    private var opened: [Target: UInt64] = [:]
    private var out: [Key: UInt64] = [:]
    private var cooled: [Key: UInt64] = [:]
    private var retries: [String: UInt64] = [:]
    private var hedges: [HedgeOutcome: UInt64] = [:]

    /// A breaker was opened by this process. `model` is empty for that of the provider as a whole.
    func breakerOpened(_ provider: String, model: [UInt8]) {
        var target = Target(provider: provider, model: model)
        if self.opened[target] == nil, self.opened.count >= Self.maximumModels { target.model = Array("other".utf8) }
        self.opened[target, default: 0] += 1
    }

    /// The provider has refused a key.
    func keyWentOut(_ provider: String, key: String) {
        self.out[Key(provider: provider, key: key), default: 0] += 1
    }

    /// The provider has said that a key calls too often.
    func keyCooled(_ provider: String, key: String) {
        self.cooled[Key(provider: provider, key: key), default: 0] += 1
    }

    /// A further call at a provider, because one before failed.
    func retried(_ provider: String) {
        self.retries[provider, default: 0] += 1
    }

    func hedged(_ outcome: HedgeOutcome) {
        self.hedges[outcome, default: 0] += 1
    }

    /// What has happened at least once.
    var series: [MetricReport.Series] {
        func counter(_ name: String, _ labels: [MetricReport.Label], _ value: UInt64) -> MetricReport.Series {
            MetricReport.Series(name: name, labels: labels, value: .counter(value))
        }
        func keys(_ name: String, _ counts: [Key: UInt64]) -> [MetricReport.Series] {
            counts.map {
                counter(
                    name,
                    [MetricReport.Label("provider", $0.key.provider), MetricReport.Label("key", $0.key.key)], $0.value)
            }
        }
        return self.opened.map {
            counter(
                "sluice_provider_breaker_opened_total",
                [
                    MetricReport.Label("provider", $0.key.provider),
                    MetricReport.Label("model", String(decoding: $0.key.model, as: UTF8.self)),
                ], $0.value)
        } + keys("sluice_provider_key_out_total", self.out) + keys("sluice_provider_key_cooled_total", self.cooled)
            + self.retries.map {
                counter("sluice_provider_retries_total", [MetricReport.Label("provider", $0.key)], $0.value)
            }
            + self.hedges.map {
                counter("sluice_provider_hedges_total", [MetricReport.Label("outcome", $0.key.rawValue)], $0.value)
            }
    }
}
