import Domain

/// What is known of the models of a snapshot. Immutable.
struct ModelFactsTable {
    /// By provider.
    private var models: [[[UInt8]: ModelFacts]]
    /// By provider: what holds for every other model.
    private var others: [ModelFacts]

    init(_ routes: RouteTable) {
        self.models = Array(repeating: [:], count: routes.providers.count)
        self.others = Array(repeating: ModelFacts(), count: routes.providers.count)
        for model in routes.models where Int(model.provider) < routes.providers.count {
            if let name = model.name {
                self.models[Int(model.provider)][name] = model.facts
            } else {
                self.others[Int(model.provider)] = model.facts
            }
        }
    }

    /// Nothing is known of a model without a row.
    subscript(_ target: Target) -> ModelFacts {
        let provider = Int(target.provider)
        guard provider < self.models.count else { return ModelFacts() }
        return self.models[provider][target.model] ?? self.others[provider]
    }
}
