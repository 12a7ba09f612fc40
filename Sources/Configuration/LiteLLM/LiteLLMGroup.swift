/// All deployments of one `model_name`: an alias of our file.
struct LiteLLMGroup {
    /// Deployments that are called at one place for one model.
    struct Target {
        var server: LiteLLMDeployment.Server
        var model: String
        var deployments: [LiteLLMDeployment]
        /// The name in our file.
        var provider = ""

        var name: String { "\(self.provider):\(self.model)" }
    }

    var name: String
    var targets: [Target] = []

    /// The groups in the order of the file.
    static func groups(of deployments: [LiteLLMDeployment]) -> [LiteLLMGroup] {
        var groups: [LiteLLMGroup] = []
        for deployment in deployments {
            let index = groups.firstIndex { $0.name == deployment.group } ?? groups.endIndex
            if index == groups.endIndex { groups.append(LiteLLMGroup(name: deployment.group)) }
            if let place = groups[index].targets.firstIndex(where: {
                $0.server == deployment.server && $0.model == deployment.model
            }) {
                groups[index].targets[place].deployments.append(deployment)
            } else {
                groups[index].targets.append(
                    Target(server: deployment.server, model: deployment.model, deployments: [deployment]))
            }
        }
        return groups
    }

    private var deployments: [LiteLLMDeployment] { self.targets.flatMap(\.deployments) }

    /// Whether the file says which deployment comes first.
    var isOrdered: Bool { self.deployments.contains { $0.order != nil } }

    /// The most attempts that a deployment asks for.
    var retries: Int64? { self.deployments.compactMap(\.retries).max() }

    /// The targets, those with the smallest `order` first.
    func ordered(_ sink: ImportSink) -> [Target] {
        func place(_ target: Target) -> Int64 { target.deployments.compactMap(\.order).min() ?? .max }
        let places = self.targets.map(place)
        if Set(places).count < places.count, let node = self.targets.first?.deployments.first?.node {
            sink.changed(node, "deployments of the same order are tried one after the other, not by chance")
        }
        return self.targets.enumerated().sorted { (place($0.element), $0.offset) < (place($1.element), $1.offset) }
            .map(\.element)
    }

    /// What LiteLLM draws targets by: `weight`, else `rpm`, else `tpm`; whichever any deployment has.
    func weights(_ sink: ImportSink) -> [Int64] {
        let kinds: [KeyPath<LiteLLMDeployment, Int64?>] = [\.weight, \.requests, \.tokens]
        guard let kind = kinds.first(where: { kind in self.deployments.contains { $0[keyPath: kind] != nil } }) else {
            return self.targets.map { Int64($0.deployments.count) }
        }
        let sums = self.targets.map { target in
            target.deployments.reduce(Int64(0)) { sum, deployment in
                let weight = deployment[keyPath: kind] ?? 0
                if weight == 0 {
                    sink.changed(
                        deployment.node,
                        "it has no weight, so LiteLLM never draws it; here its weight is the smallest there is")
                }
                return sum + min(weight, 1_000_000_000)
            }
        }
        return Self.scaled(sums.map { max($0, 1) }, to: 1_000_000)
    }

    /// The same shares with the largest at most `limit`, each at least 1.
    static func scaled(_ weights: [Int64], to limit: Int64) -> [Int64] {
        var divisor = weights.reduce(0, Self.commonDivisor)
        if divisor == 0 { divisor = 1 }
        let least = weights.map { $0 / divisor }
        guard let largest = least.max(), largest > limit else { return least }
        return least.map { max(1, Int64(Double($0) / Double(largest) * Double(limit))) }
    }

    private static func commonDivisor(_ a: Int64, _ b: Int64) -> Int64 { b == 0 ? a : self.commonDivisor(b, a % b) }
}
