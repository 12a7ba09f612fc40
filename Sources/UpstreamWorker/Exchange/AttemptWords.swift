internal import Domain
internal import IPC
internal import Resilience

extension DispatchOrder.Reason {
    /// As the edge is asked.
    var asAsked: FurtherAttempt.Reason {
        switch self {
        case .retry: .retry
        case .hedge: .hedge
        case .otherTarget: .otherTarget
        case .resend: .resend
        }
    }
}

extension AttemptReport {
    /// What the call has used, where anybody knows.
    var tokens: Int64? {
        guard let usage = self.usage else { return self.billed == .no ? 0 : nil }
        return usage.promptTokens &+ usage.completionTokens
    }
}
