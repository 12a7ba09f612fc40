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
        case waiting
        /// No call runs; whether a further one may be made is asked.
        case asking
        /// Asked for a stream, answered with a good status and another content type: the first bytes decide.
        case undecided
        /// Held until it is whole.
        case unary
        case passing
        /// An error status; its body is held until it is whole.
        case failing
        case streaming
        case flushing
        case over
    }
}
