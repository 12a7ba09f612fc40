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
