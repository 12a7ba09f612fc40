internal import HTTPClient

/// Targets of a provider whose URLs name the model: made when a model is first asked for. Lives on the worker's loop.
///
/// Clients may choose the models, so only `maximum` are kept, and the oldest goes; calls that run keep theirs.
final class DeploymentTargets {
    static let maximum = 256

    private let make: (_ model: [UInt8]) -> HTTPTarget
    private var targets: [[UInt8]: HTTPTarget] = [:]
    /// In the order they were made, from `first` on and around.
    private var models: [[UInt8]] = []
    private var first = 0

    init(_ make: @escaping (_ model: [UInt8]) -> HTTPTarget) {
        self.make = make
    }

    var count: Int { self.targets.count }

    subscript(_ model: [UInt8]) -> HTTPTarget {
        if let target = self.targets[model] { return target }
        let target = self.make(model)
        if self.models.count < Self.maximum {
            self.models.append(model)
        } else {
            self.targets[self.models[self.first]] = nil
            self.models[self.first] = model
            self.first = (self.first + 1) % Self.maximum
        }
        self.targets[model] = target
        return target
    }
}
