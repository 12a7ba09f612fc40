internal import IPC
internal import Resilience

extension ExchangeMachine {
    /// What becomes of the call whose reply has just brought something.
    enum Flow: Hashable {
        case proceed
        /// Take nothing more of it until told to; what it waits for is credit, or the link.
        case pause
    }

    enum State: Hashable {
        /// The request is not here yet.
        case ready
        /// Calls run, or are waited for.
        case working
        /// The calls are over, data waits for credit.
        case flushing
        case over
    }

    /// A call that is over and did not bring the answer, kept until it is known that no other does.
    struct Refusal {
        enum Told {
            case failure(ProviderFailure)
            /// The provider's own error goes to the client.
            case reply(AttemptReport)
        }

        var call: CallMachine
        var told: Told
        /// Not the provider's doing.
        var isOwn: Bool
    }
}
