import Domain
import Limits

/// Makes the demands of requests on the limit table: whose limits they have to keep, and in which periods.
///
/// Lives on the event loop, owned by `EdgeCore`. Lists of entries go from one request to the next, so that none is allocated.
final class LimitDesk {
    private static let keptLists = 256

    /// The table; nil until it is there, when no request is taken yet, and where nothing is limited.
    var ledger: (any LimitLedger)?
    private let callers: CallerCache
    private var calendar = CalendarCache(.utc, at: 0)
    private var lists: [[LimitDemand.Entry]] = []

    init(_ directory: any KeyDirectory) {
        self.callers = CallerCache(directory)
    }

    /// Those whose limits a request has to keep, in the order in which the table takes them.
    func entries(for request: CurrentRequest, model: [UInt8]?, at seconds: Int64) -> [LimitDemand.Entry] {
        let policy = request.settings.limitPolicy
        let periods = self.periods(policy, at: seconds)
        var entries = self.lists.popLast() ?? []
        if entries.capacity == 0 { entries.reserveCapacity(LimitDemand.maximumEntries) }
        func append(_ key: LimitKey, _ scope: LimitScope, _ limits: LimitSet) {
            entries.append(LimitDemand.Entry(key: key, scope: scope, limits: limits, periods: periods))
        }
        if !policy.global.isEmpty { append(.global, .global, policy.global) }
        if let model, let limits = policy.limits(of: model) { append(LimitKey(model: model), .model, limits) }
        if request.isAnonymous {
            // Whoever comes over a Unix socket has no address of his own, and is one caller.
            if !policy.anonymous.isEmpty {
                append(
                    LimitKey(.anonymous, address: request.address?.counted ?? 0), .anonymous, policy.anonymous)
            }
        } else if let caller = request.caller ?? self.caller(of: request, policy, periods, at: seconds) {
            entries.append(contentsOf: caller.entries)
        }
        if !policy.perAddress.isEmpty, let address = request.address {
            append(LimitKey(.address, address: address.counted), .address, policy.perAddress)
        }
        return entries
    }

    /// Takes a list back whose request is over.
    func giveBack(_ entries: inout [LimitDemand.Entry]) {
        var list: [LimitDemand.Entry] = []
        swap(&list, &entries)
        guard list.capacity > 0, self.lists.count < LimitDesk.keptLists else { return }
        list.removeAll(keepingCapacity: true)
        self.lists.append(list)
    }

    /// Where wrong keys from one address are counted.
    func wrongKeys(from address: ClientAddress, _ policy: LimitPolicy, at seconds: Int64) -> LimitDemand.Entry {
        LimitDemand.Entry(
            key: LimitKey(.wrongKeys, address: address.counted), scope: .wrongKeys, limits: policy.wrongKeys,
            periods: self.periods(policy, at: seconds))
    }

    /// When the period of a budget ends, in seconds since 1970; nil for what is no calendar budget.
    func periodEnd(_ refusal: LimitRefusal, for request: CurrentRequest, at seconds: Int64) -> Int64? {
        guard let period = refusal.kind.period else { return nil }
        let policy = request.settings.limitPolicy
        let caller =
            request.isAnonymous
            ? nil : self.caller(of: request, policy, self.periods(policy, at: seconds), at: seconds)
        return CalendarPeriods.end(of: period, at: seconds, in: caller?.rules(of: refusal.scope) ?? policy.timeZone)
    }

    /// What clocks were ahead of UTC when a request came, in quarter hours: in the time zone of its project, else in the gateway's.
    /// `seconds` are those of now.
    func quarterHours(of request: CurrentRequest, at seconds: Int64) -> Int8 {
        self.recognize(request, at: seconds)
        let then = Int64(clamping: request.record.milliseconds / 1000)
        if let own = request.caller?.quarterHours(at: then) { return own }
        _ = self.periods(request.settings.limitPolicy, at: seconds)
        return self.calendar.quarterHours(at: then)
    }

    /// Finds out, once, what is set for who sends a request, and notes whether that was known already.
    func recognize(_ request: CurrentRequest, at seconds: Int64) {
        guard request.caller == nil, !request.isAnonymous else { return }
        request.caller = self.caller(of: request, at: seconds)
        request.isCallerKnown = self.callers.wasKnown
    }

    /// What is set for who sends a request; nil for a caller without a key.
    func caller(of request: CurrentRequest, at seconds: Int64) -> CallerLimits? {
        guard !request.isAnonymous else { return nil }
        let policy = request.settings.limitPolicy
        return self.caller(of: request, policy, self.periods(policy, at: seconds), at: seconds)
    }

    private func caller(
        of request: CurrentRequest, _ policy: LimitPolicy, _ periods: CalendarPeriods, at seconds: Int64
    ) -> CallerLimits? {
        guard let principal = request.principal else { return nil }
        return self.callers.limits(
            of: principal, own: request.keyLimits, models: request.keyModels, policy: policy,
            version: request.settings.version, gateway: periods, at: seconds)
    }

    private func periods(_ policy: LimitPolicy, at seconds: Int64) -> CalendarPeriods {
        if policy.timeZone != self.calendar.rules { self.calendar = CalendarCache(policy.timeZone, at: seconds) }
        return self.calendar.periods(at: seconds)
    }
}
