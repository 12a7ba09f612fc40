/// Which failures are tried again, and where. Pure.
public enum RetryRule {
    /// Where a call may be repeated that has failed.
    public enum Verdict: Hashable, Sendable {
        /// Nowhere: another provider would say the same, or nobody may say anything any more.
        case never
        /// Anywhere but at the same place, which has forbidden it.
        case elsewhere
        /// At the same place with another key, and at other places: the key is at fault.
        case otherKey
        /// At the same place too, after a while.
        case anywhere
    }

    /// The verdict on one failure.
    ///
    /// `x-should-retry: true` makes any error status one of the passing kind. `false` bars the place, but not another key of
    /// it where the key is at fault: to the provider that is another caller.
    public static func verdict(_ failure: CallFailure) -> Verdict {
        guard !failure.hadContent else { return .never }
        guard case .status(let status) = failure.kind else {
            guard failure.kind != .own else { return .never }
            return failure.advice.shouldRetry == false ? .elsewhere : .anywhere
        }
        if status >= 400, failure.advice.shouldRetry == true { return .anywhere }
        switch status {
        case 403 where failure.blamesRequest: return .never
        case 401, 402, 403: return .otherKey
        case 408, 409, 429, 500...599: return failure.advice.shouldRetry == false ? .elsewhere : .anywhere
        default: return .never
        }
    }
}
