internal import Resilience

/// When an exchange wants to be told the time.
extension ExchangeMachine {
    /// When `timePassed` is wanted; `.max` for not at all.
    var deadline: UInt64 {
        switch self.state {
        case .ready, .over: return .max
        case .flushing: return Self.sum(self.lastTakenAt, Self.clientPatience)
        case .working: break
        }
        var deadline = self.commentDue
        if let call = self.call {
            deadline = min(deadline, call.timeout.time)
        } else {
            deadline = min(deadline, self.endsAt)
        }
        if let hedge = self.hedge { deadline = min(deadline, hedge.timeout.time) }
        return self.chosen == nil ? min(deadline, self.dispatch.deadline) : deadline
    }

    /// Before this no deadline can be that was not there already, where all that has happened at `now` is that more of the answer
    /// came; 0 where more has happened.
    func soonestDeadline(ofAnswerAt now: UInt64) -> UInt64 {
        guard self.state == .working, let call = self.chosen, call.isRunning, !call.hasSaidAll else { return 0 }
        return Self.sum(now, min(call.terms.idle, Self.silence))
    }

    /// When the shell's timer had best be set for as a call starts: no later deadline of it will come before it, so it
    /// need not be moved while the call goes well.
    func firstCheck(of call: CallMachine) -> UInt64 {
        min(self.deadline, Self.sum(self.startedAt, call.terms.idle))
    }

    var endsAt: UInt64 { Self.sum(self.startedAt, self.timeLimit) }

    /// When the client of a stream is to be shown that the gateway is still there; `.max` where nothing can be said now, such as
    /// within an event, or where it does not read.
    var commentDue: UInt64 {
        guard self.isStream, !self.isPaused, !self.sender.isBlocked, self.call?.reception?.takesComments != false,
            self.hedge?.reception?.takesComments != false
        else { return .max }
        return Self.sum(self.sender.headIsOut ? self.sender.lastSentAt : self.startedAt, Self.silence)
    }

    static func sum(_ time: UInt64, _ span: UInt64) -> UInt64 {
        let (sum, overflow) = time.addingReportingOverflow(span)
        return overflow ? .max : sum
    }
}
