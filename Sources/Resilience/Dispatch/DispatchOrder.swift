/// What a `DispatchMachine` wants done.
public enum DispatchOrder: Hashable, Sendable {
    /// Nothing now; the machine wants to be told the time at its `deadline`.
    case wait
    /// Make this call; everything it needs was taken.
    case call(Attempt)
    /// Ask the edge (ATTEMPT), then say what it answered. Everything the call needs was taken; it is given back where the answer
    /// to `granted` is not `.call` with this very attempt, and where the request ends before.
    case ask(Attempt, Reason)
    /// Enter the place's queue, then say when it is this request's turn, or that there is none.
    case queue(Int)
    /// Nothing more is tried: the last failure is the answer. An attempt that is still asked for is not made.
    case giveUp
    /// Nothing was called, and nothing will be.
    case refuse(DispatchRefusal)

    /// Why there is to be a further call.
    public enum Reason: UInt8, Hashable, Sendable {
        case retry
        case hedge
        case otherTarget
        /// The kept connection the call before went out on had been closed by the provider.
        case resend
    }

    public struct Attempt: Hashable, Sendable {
        /// From 1, within the request; never given twice, so a number is left out where an attempt was asked for but not made.
        public var number: UInt8
        /// Which of the request's calls.
        public var place: Int
        /// The key's index in the provider's pool.
        public var key: UInt8

        public init(number: UInt8, place: Int, key: UInt8) {
            self.number = number
            self.place = place
            self.key = key
        }
    }
}

/// Why no target can be called.
public enum DispatchRefusal: Hashable, Sendable {
    /// All targets are left alone (breakers, keys that cool down or have no room); nanoseconds until the first is not.
    case unavailable(retryAfter: UInt64)
    /// No target can be called, and the first that can again only waits for its keys' limits; nanoseconds until then.
    case limited(retryAfter: UInt64)
    /// The provider has refused all keys: the operator's business.
    case keysRefused
    /// Too many requests wait for the provider; nanoseconds after which another may have more luck.
    case overloaded(retryAfter: UInt64)
}
