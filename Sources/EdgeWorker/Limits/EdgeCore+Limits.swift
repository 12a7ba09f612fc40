import Domain
import IPC
import JSON
import Limits
import EventLog
import Routing

/// How a request keeps its limits: admitted, granted further attempts, settled.
extension EdgeCore {
    /// How often a decision is made again with less output.
    private static let cuts = 8

    func time(of ledger: any LimitLedger) -> LimitTime {
        LimitTime(window: ledger.windowTime(), wall: self.wallSeconds)
    }

    // MARK: Admission

    /// Admits a request that calls no provider.
    func admit(_ request: CurrentRequest) throws(GatewayError) {
        guard self.desk.ledger != nil else { return }
        request.limits.entries = self.desk.entries(for: request, model: nil, at: self.wallSeconds)
        try self.finishAdmission(request, try self.decide(request, CallAmounts(), calls: 0), [])
    }

    /// Admits a request whose plan is made: holds what it may take, and cuts its output down to what a budget can pay.
    func admit(
        _ request: CurrentRequest, _ planned: inout CallPlanner.Planned, _ body: UnsafeRawBufferPointer
    ) throws(GatewayError) {
        guard self.desk.ledger != nil else {
            request.limits.verdict = .unlimited
            return
        }
        request.limits.entries = self.desk.entries(for: request, model: planned.model, at: self.wallSeconds)
        let needs = HoldPlanner.Needs(mask: request.limits.entries.reduce(0) { $0 | $1.limits.mask })
        guard !needs.isEmpty, planned.request.endpoint.takesTokens else {
            return try self.finishAdmission(
                request, try self.decide(request, CallAmounts(), calls: planned.request.calls.count),
                planned.request.calls)
        }
        if needs.contains(.costBudget), !request.settings.limitPolicy.allowsUnknownPrice {
            let settings = request.settings
            let calls = planned.request.calls
            request.leftOut += calls.filter { settings.price(of: $0.target) == nil }
                .map { RoutedPlan.LeftOut($0.target, .unknownPrice) }
            planned.edit({ settings.price(of: calls[$0].target) != nil }, outputLimit: { _ in nil })
            guard !planned.request.calls.isEmpty else { throw .unknownPrice }
        }
        var planner = unsafe self.planner(request, planned, body, needs)
        var verdict: LimitVerdict
        var cuts = 0
        repeat {
            let amounts = try planner.amounts()
            verdict = try self.decide(request, amounts, calls: planned.request.calls.count)
            request.limits.held = amounts
            cuts += 1
            guard case .refused(let refusal, _) = verdict, cuts < EdgeCore.cuts, planner.cut(refusal) else { break }
        } while true
        request.limits.planner = planner
        try self.finishAdmission(request, verdict, planned.request.calls)
        self.limitOutput(request, planner, &planned)
    }

    private func planner(
        _ request: CurrentRequest, _ planned: CallPlanner.Planned, _ body: UnsafeRawBufferPointer,
        _ needs: HoldPlanner.Needs
    ) -> HoldPlanner {
        let settings = request.settings
        let isStrict = settings.limitPolicy.mode == .strict
        let isBudget = !needs.isDisjoint(with: [.tokenBudget, .costBudget])
        let unbounded = isStrict && isBudget ? unsafe UnboundedParts(body) : []
        let mayCallTools = unbounded.contains(.prompt) && planned.scanned.toolsRange != nil
        return HoldPlanner(
            needs: needs, mode: settings.limitPolicy.mode,
            places: planned.request.calls.map { call in
                HoldPlanner.Place(
                    facts: settings.facts(of: call.target), price: settings.price(of: call.target),
                    learned: self.learned(call.target, settings, bodyBytes: body.count))
            },
            estimate: CallEstimate(
                planned.scanned, bodyBytes: body.count, endpoint: planned.request.endpoint,
                unbounded: unbounded,
                searchLimit: mayCallTools ? unsafe self.scanner.searchLimit(in: body, planned.scanned) : 0))
    }

    private func decide(
        _ request: CurrentRequest, _ amounts: CallAmounts, calls: Int
    ) throws(GatewayError) -> LimitVerdict {
        guard let ledger = self.desk.ledger else { throw .gatewayUnavailable }
        let time = self.time(of: ledger)
        let verdict = ledger.admit(
            LimitDemand(entries: request.limits.entries, tokens: amounts.tokens, cost: amounts.cost),
            record: request.record, at: time)
        request.limits.take(
            verdict, amounts, ledger, time, softPercent: request.settings.limitPolicy.softPercent,
            hasChoice: calls > 1 || !request.leftOut.isEmpty)
        return verdict
    }

    private func finishAdmission(
        _ request: CurrentRequest, _ verdict: LimitVerdict, _ calls: [ProviderRequest.Call]
    ) throws(GatewayError) {
        switch verdict {
        case .admitted(let hold, let standing):
            request.limits.hold = hold
            request.limits.ledger = self.desk.ledger
            self.note(standing, request)
        case .refused(let refusal, let standing):
            self.note(standing, request)
            request.limits.refusedTargets = calls.map(\.target)
            throw self.refused(refusal, request)
        case .full: throw .limitTableFull
        }
    }

    private func note(_ standing: LimitStanding, _ request: CurrentRequest) {
        request.limits.reply = ReplyLimits(
            standing: standing, taken: self.now, softPercent: request.settings.limitPolicy.softPercent)
    }

    private func refused(_ refusal: LimitRefusal, _ request: CurrentRequest) -> GatewayError {
        let now = self.wallSeconds
        let answer = LimitAnswer(
            refusal, periodEnd: self.desk.periodEnd(refusal, for: request, at: now), now: now)
        request.limits.refusal = answer
        self.metrics.limits.refused(refusal)
        return answer.error
    }

    /// Writes into the bodies what the hold is enough for.
    private func limitOutput(_ request: CurrentRequest, _ planner: HoldPlanner, _ planned: inout CallPlanner.Planned) {
        let limits = planned.request.calls.indices.map { planner.insertedOutput(at: $0) }
        guard limits.contains(where: { $0 != nil }) else { return }
        let endpoint = planned.request.endpoint
        planned.edit({ _ in true }) { place in
            limits[place].map {
                RequestEdit.OutputLimit(
                    tokens: $0, member: endpoint.outputLimitMember(planner.places[place].facts),
                    isOnlyMember: endpoint != .chatCompletions)
            }
        }
        request.limits.reply?.maximumOutput = limits[0]
        if planner.estimate.outputLimit != nil { self.metrics.limits.cut() }
    }

    /// What the head of a reply says of limits that were not asked yet, as the request was refused before.
    func noteStanding(_ request: CurrentRequest) {
        guard let ledger = self.desk.ledger, request.principal != nil, request.limits.reply == nil,
            request.route.isLimited
        else { return }
        var entries = self.desk.entries(for: request, model: request.model, at: self.wallSeconds)
        let time = self.time(of: ledger)
        switch ledger.admit(LimitDemand(entries: entries, requests: 0), record: request.record, at: time) {
        case .admitted(let hold, let standing):
            ledger.settle(hold, entries, tokens: 0, cost: 0, softPercent: 100, at: time)
            self.note(standing, request)
        case .refused(_, let standing): self.note(standing, request)
        case .full: break
        }
        self.desk.giveBack(&entries)
    }

    // MARK: Further attempts

    /// Holds what one more call to a provider may take. False where a limit refuses it.
    func grant(_ call: UInt8, _ request: CurrentRequest) -> Bool {
        guard let ledger = request.limits.ledger, let hold = request.limits.hold, let planner = request.limits.planner
        else {
            return true
        }
        guard Int(call) < planner.places.count, let amounts = try? planner.amounts(at: Int(call)) else { return false }
        let refusal = ledger.extend(
            hold, request.limits.entries, tokens: amounts.tokens, cost: amounts.cost, at: self.time(of: ledger))
        self.metrics.limits.asked(isGranted: refusal == nil)
        guard let refusal else {
            request.limits.held += amounts
            return true
        }
        request.limits.attemptRefusal = refusal
        self.metrics.limits.refused(refusal)
        return false
    }

    // MARK: Settlement

    /// The request is over: what it used counts, and what it held is free. Does nothing the second time. `isGone`: its client has not
    /// waited for the reply.
    func settleLimits(_ request: CurrentRequest, _ settlement: Settlement, isGone: Bool) {
        defer { self.desk.giveBack(&request.limits.entries) }
        guard let ledger = request.limits.ledger, let hold = request.limits.hold else { return }
        request.limits.hold = nil
        request.limits.ledger = nil
        let used = self.used(request, settlement, isGone: isGone)
        self.settle(hold, ledger, used, request)
        // The table was replaced meanwhile: what ends now was not among what the new one was filled with.
        guard used != CallAmounts(), let current = self.desk.ledger, current !== ledger else { return }
        var unlimited = request.limits.entries
        for place in unlimited.indices { unlimited[place].limits = LimitSet() }
        let demand = LimitDemand(entries: unlimited, requests: 0)
        let verdict = current.admit(demand, record: request.record, at: self.time(of: current))
        if case .admitted(let hold, _) = verdict { self.settle(hold, current, used, request) }
    }

    private func settle(
        _ hold: LimitHold, _ ledger: any LimitLedger, _ used: CallAmounts, _ request: CurrentRequest
    ) {
        let crossings = ledger.settle(
            hold, request.limits.entries, tokens: used.tokens, cost: used.cost,
            softPercent: request.settings.limitPolicy.softPercent, at: self.time(of: ledger))
        for crossing in crossings { self.crossed(crossing, request) }
    }

    /// What counts against the limits. Where a provider was called and nobody is left to say what that took, it is what was held.
    private func used(_ request: CurrentRequest, _ settlement: Settlement, isGone: Bool) -> CallAmounts {
        var known = CallAmounts(tokens: settlement.usage?.total ?? 0, cost: settlement.cost ?? 0)
        guard request.dispatchedAt != nil else { return known }
        guard let end = request.end else { return .maximum(known, request.limits.held) }
        // A provider stops a stream that is broken off, and what has come of it says how far it was. Of anything else nothing is known.
        let isUnseen = !request.isStream || request.firstContent == nil
        if isGone || request.pendingFailure != nil, isUnseen, let planner = request.limits.planner {
            known += planner.untold(end.attempts)
        }
        return known
    }

    private func crossed(_ crossing: LimitCrossing, _ request: CurrentRequest) {
        self.metrics.limits.crossed(crossing)
        let percent = ReplyLimits.percent(of: crossing.limit, used: crossing.used)
        var fields: LogFields = [
            "scope": .string("\(crossing.scope.name)"), "limit": .string("\(crossing.kind.name)"),
            "percent": .unsigned(percent), "used": .int(crossing.used), "budget": .int(crossing.limit),
        ]
        switch crossing.scope {
        case .key: fields.append("id", .string(request.principal?.key.text(.key) ?? ""))
        case .project: fields.append("id", .string(request.principal?.project.text(.project) ?? ""))
        case .organization: fields.append("id", .string(request.principal?.organization.text(.organization) ?? ""))
        case .user: fields.append("id", .string(request.principal?.user?.text(.user) ?? ""))
        case .model: fields.append("model", .bytes(request.model ?? []))
        case .address, .global, .anonymous, .wrongKeys: break
        }
        self.log.warning("a budget has come to its soft limit", fields)
    }

    // MARK: Wrong keys

    /// Counts a wrong key from an address. The error for one that has tried too many; nil: it is simply wrong.
    func countWrongKey(_ request: CurrentRequest) -> GatewayError? {
        let policy = request.settings.limitPolicy
        guard let ledger = self.desk.ledger, !policy.wrongKeys.isEmpty, let address = request.address else {
            return nil
        }
        let entry = self.desk.wrongKeys(from: address, policy, at: self.wallSeconds)
        guard let refusal = ledger.count(entry, at: self.time(of: ledger)) else { return nil }
        return self.refused(refusal, request)
    }
}
