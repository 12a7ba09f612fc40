/// What a request reserves of budgets before it is sent.
public enum BudgetMode: UInt8, Hashable, Sendable {
    /// The most it can cost; what it may produce is cut down to what is affordable. A budget is never overspent.
    case strict = 0
    /// What such requests usually cost; a budget can be overspent by the error of that.
    case estimate = 1
}
