import Domain

extension ClientOutcome {
    /// The word in answers.
    var label: String {
        switch self {
        case .unknown: "unknown"
        case .complete: "complete"
        case .disconnected: "disconnected"
        case .error: "error"
        }
    }
}

extension AdmissionTrail.Verdict {
    /// The word in answers.
    var label: String {
        switch self {
        case .notAsked: "not_asked"
        case .unlimited: "unlimited"
        case .admitted: "admitted"
        case .refused: "refused"
        }
    }
}

extension CheckedLimit.Word {
    /// The word in answers.
    var label: String {
        switch self {
        case .passed: "passed"
        case .warned: "warned"
        case .refused: "refused"
        case .refusedAttempt: "refused_attempt"
        }
    }
}

extension SettleRank {
    /// The word in answers; nil while nobody has.
    var label: String? {
        switch self {
        case .open: nil
        case .recovery: "recovery"
        case .upstream: "upstream"
        case .edge: "edge"
        }
    }
}

extension UsageSource {
    /// The word in answers.
    var label: String {
        switch self {
        case .none: "none"
        case .provider: "provider"
        case .estimated: "estimated"
        }
    }
}

extension Billed {
    /// The word in answers.
    var label: String {
        switch self {
        case .unknown: "unknown"
        case .yes: "yes"
        case .no: "no"
        }
    }
}
