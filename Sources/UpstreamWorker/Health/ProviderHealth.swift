internal import Limits

/// One provider's health, by its name: its own, and that of its models. Lives on the worker's loop, over all configurations.
final class ProviderHealth {
    /// Models of one provider that are known here; clients can make up any number.
    static let maximumTargets = 4_096

    let name: String
    /// As a whole.
    let whole: TargetHealth
    private var targets: [[UInt8]: TargetHealth] = [:]
    private var last: (model: [UInt8], target: TargetHealth)?

    init(_ name: String) {
        self.name = name
        self.whole = TargetHealth(.provider(name), isChosenByClients: false)
    }

    /// One of its models.
    func target(_ model: [UInt8], _ health: SharedHealth) -> TargetHealth {
        if let last = self.last, last.model == model { return last.target }
        if let target = self.targets[model] {
            self.last = (model, target)
            return target
        }
        if self.targets.count >= Self.maximumTargets {
            self.targets = self.targets.filter { $0.value.running > 0 || $0.value.entry(health) != nil }
        }
        // Where all of them are in use a further one stands for itself while its request runs.
        let target = TargetHealth(.target(provider: self.name, model: model), isChosenByClients: true)
        if self.targets.count < Self.maximumTargets {
            self.targets[model] = target
            self.last = (model, target)
        }
        return target
    }

    /// The models that are known here.
    var models: [(model: [UInt8], target: TargetHealth)] { self.targets.map { ($0.key, $0.value) } }
}
