extension ExchangeMachine {
    /// What is to be done with the provider call.
    enum Order: Hashable {
        case proceed
        /// Take nothing more of the reply until told to; what it waits for is credit, or the link.
        case pause
        case resume
        /// Close the connection.
        case abort
        /// Call the provider once more; `attempt.number` says the how manieth time it is.
        case call
    }

    enum State: Hashable {
        case ready
        /// The request waits for what it needs from elsewhere; no call was made yet.
        case preparing
        case waiting
        /// No call runs; whether a further one may be made is asked.
        case asking
        /// A head came: `reception` has the reply.
        case receiving
        case flushing
        case over
    }
}
