import Domain
import Limits

/// What a request has to do with limits, from its admission to its settlement.
struct RequestLimits {
    /// Those whose limits it keeps: what was asked, and what is settled. Empty before, and after.
    var entries: [LimitDemand.Entry] = []
    var hold: LimitHold?
    /// The table it is held in.
    var ledger: (any LimitLedger)?
    /// What is held: the first call, and each further one that was granted.
    var held = CallAmounts()
    /// How the holds of further calls are computed; nil where none has to be.
    var planner: HoldPlanner?
    /// What the head of the reply says; nil while nothing is known.
    var reply: ReplyLimits?
    var refusal: LimitAnswer?
    /// For the record: what came of asking, what was to be held, how each limit stood, and the second since 1970 of it.
    var verdict = AdmissionTrail.Verdict.notAsked
    var wanted = CallAmounts()
    var checked: [CheckedLimit] = []
    var askedAt: Int64 = 0
    /// Why a further attempt was not granted.
    var attemptRefusal: LimitRefusal?
    /// Where a refused request would have gone.
    var refusedTargets: [Target] = []

    init() {}
}
