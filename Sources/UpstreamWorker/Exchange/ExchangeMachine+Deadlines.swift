/// When an exchange wants to be told the time, and what has then passed.
extension ExchangeMachine {
    /// When `timePassed` is wanted; `.max` for not at all.
    var deadline: UInt64 {
        if self.state == .flushing { return Self.sum(self.lastTakenAt, Self.clientPatience) }
        guard self.isWorking else { return .max }
        return min(self.soonestTimeout.time, self.commentDue)
    }

    /// When the shell's timer had best be set for at the start: no later deadline of this call will come before it, so it
    /// need not be moved while the call goes well.
    var firstCheck: UInt64 { min(self.deadline, Self.sum(self.startedAt, self.terms.idle)) }

    var callIsRunning: Bool { self.state == .waiting || self.state == .receiving }

    /// The provider's reply is still to come or to be finished.
    var isWorking: Bool { self.callIsRunning || self.state == .asking || self.state == .preparing }

    /// When the client of a stream is to be shown that the gateway is still there; `.max` where nothing can be said now, such as
    /// within an event, or where it does not read.
    var commentDue: UInt64 {
        guard self.terms.isStream, !self.isPaused, !self.sender.isBlocked, self.reception?.takesComments != false
        else { return .max }
        return Self.sum(self.sender.headIsOut ? self.sender.lastSentAt : self.startedAt, Self.silence)
    }

    var soonestTimeout: (time: UInt64, deadline: ProviderFailure.Deadline) {
        let total = Self.sum(self.startedAt, self.terms.total)
        // While the client is slow the provider is not to blame for silence.
        guard !self.isPaused else { return (total, .total) }
        let silence: (time: UInt64, deadline: ProviderFailure.Deadline)
        // The end of a stream that is translated is the gateway's to write.
        if self.dialect.isTranslated, self.reception?.sawDone == true {
            return (min(total, Self.sum(self.lastPieceAt, Self.farewell)), .idle)
        }
        if self.attempt.firstContentAt != 0 || self.reception?.form == .error {
            silence = (Self.sum(self.lastPieceAt, self.terms.idle), .idle)
        } else if self.terms.isStream {
            silence = (Self.sum(self.startedAt, self.terms.firstToken), .firstToken)
        } else {
            // Nothing says that a model is thinking: before the first byte of a reply that is no stream silence is normal.
            return (total, .total)
        }
        return silence.time < total ? silence : (total, .total)
    }

    static func sum(_ time: UInt64, _ span: UInt64) -> UInt64 {
        let (sum, overflow) = time.addingReportingOverflow(span)
        return overflow ? .max : sum
    }
}
