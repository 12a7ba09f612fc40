import Domain
import IPC
import JSON
import Routing

/// How a request gets its plan.
extension EdgeCore {
    /// Reads the body, and chooses the targets among those the caller may use. `capacity` bytes can be read.
    func plan(
        _ request: CurrentRequest, _ principal: Principal, _ endpoint: Endpoint, _ body: UnsafeRawBufferPointer,
        capacity: Int
    ) throws(GatewayError) -> CallPlanner.Planned {
        let scanned = unsafe try CallPlanner.scan(body, capacity: capacity, self.scanner)
        let model = try CallPlanner.model(scanned, endpoint)
        let lists = try self.allowLists(of: request)
        let routed: RoutedPlan
        do throws(RouteRefusal) {
            routed = try unsafe request.settings.router.plan(
                for: model, allowing: lists,
                PlanContext(self, request, endpoint, scanned, body, capacity: capacity))
        } catch {
            throw GatewayError(error, model: model)
        }
        var planned = CallPlanner.request(
            routed, scanned, model, bodyLength: body.count, endpoint: endpoint, record: request.record,
            settings: request.settings)
        planned.request.project = principal.project
        planned.request.weight = request.caller?.weight ?? 1
        planned.request.anthropicVersion = request.anthropicVersion
        planned.request.anthropicBeta = request.anthropicBeta
        request.model = model
        request.tier = routed.plan.tier
        request.alias = routed.alias
        request.policy = routed.plan.policy
        if !routed.leftOut.isEmpty { request.leftOut = routed.leftOut }
        request.plannedAt = self.now
        return planned
    }

    /// What the caller may use: all of them hold, none allows everything.
    func allowLists(of request: CurrentRequest) throws(GatewayError) -> [AllowList] {
        if request.isAnonymous { return request.settings.limitPolicy.anonymousLists }
        self.desk.recognize(request, at: self.wallSeconds)
        guard let caller = request.caller else { return [] }
        // The static key is the operator's, and good also while there is no table.
        guard caller.isComplete || request.principal == .staticKey else { throw .identityUnavailable }
        return caller.lists
    }

    /// What is learned of a target's model, for a body of that size.
    func learned(_ target: Target, _ settings: EdgeSettings, bodyBytes: Int) -> CallEstimate.Learned {
        let model = settings.estimatorModel(target)
        let guess = self.estimator.estimate(
            model, bodyBytes: UInt64(clamping: bodyBytes), replyBytes: 0, isStream: false)
        return CallEstimate.Learned(promptTokens: guess.input, output: self.estimator.usualOutput(model))
    }
}

extension GatewayError {
    init(_ refusal: RouteRefusal, model: [UInt8]) {
        switch refusal {
        case .unknownModel: self = .modelNotFound(model)
        case .notAllowed: self = .modelNotAllowed(model)
        case .invalidTier(let header): self = .invalidTier(header)
        }
    }
}
