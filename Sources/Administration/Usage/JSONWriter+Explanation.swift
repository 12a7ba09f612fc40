import Domain
import JSON
import UsageStore

/// What an explanation says beside the request, its routing and its calls. What an older version has not kept is null.
extension JSONWriter {
    /// Who has sent it, and how that was found out. `prefix` is what the key begins with.
    mutating func caller(_ explanation: RequestExplanation, prefix: String?) {
        let principal = explanation.request.principal
        self.beginObject()
        self.key("by")
        self.string(optional: principal.map { $0.wayOfAuthentication })
        self.key("prefix")
        self.string(optional: prefix)
        self.key("settings")
        let isCaller = principal != nil && principal != .anonymous
        let admission = isCaller ? explanation.trail?.admission : nil
        self.string(optional: admission.map { $0.isCallerKnown ? "cached" : "read" })
        self.endObject()
    }

    /// What the limits had to say.
    mutating func limits(_ explanation: RequestExplanation) {
        guard let admission = explanation.trail?.admission else { return self.null() }
        self.beginObject()
        self.key("verdict")
        self.string(admission.verdict.label)
        let isKept = !admission.limits.isEmpty || admission.moreLimits > 0
        self.key("kept")
        self.bool(isKept || admission.verdict == .unlimited || admission.verdict == .notAsked)
        self.key("wanted")
        if isKept {
            self.beginObject()
            self.key("tokens")
            self.integer(admission.tokens)
            self.key("cost_usd")
            self.dollars(admission.cost)
            self.endObject()
        } else {
            self.null()
        }
        self.key("checked")
        self.beginArray()
        for limit in admission.limits { self.limit(limit, of: explanation.request) }
        self.endArray()
        self.key("more_checked")
        self.integer(Int64(admission.moreLimits))
        self.endObject()
    }

    private mutating func limit(_ limit: CheckedLimit, of request: RequestRow) {
        self.beginObject()
        self.key("scope")
        self.string("\(limit.scope.name)")
        self.key("of")
        self.text(limit.scope.subject(in: request))
        self.key("name")
        self.string("\(limit.kind.name)")
        self.key("said")
        self.string(limit.word.label)
        for (name, value) in [
            ("limit", limit.limit), ("used", limit.used), ("held", limit.held), ("remaining", limit.remaining),
        ] as [(StaticString, Int64)] {
            self.key(name)
            self.amount(value, limit.kind)
        }
        self.key("reset_seconds")
        self.integer(optional: limit.reset.map { Int64($0) })
        self.endObject()
    }

    /// Microseconds from the head of the request until each stage was over; null for what was not reached.
    mutating func stages(_ explanation: RequestExplanation) {
        let request = explanation.request
        let trail = explanation.trail
        func reached(_ time: UInt64) -> Int64? { time > 0 ? Int64(clamping: time) : nil }
        let received = reached(request.detail.received)
        let planned = trail?.wasPlanned == true ? received.map { Self.sum($0, trail?.planning) } : nil
        let isAsked = trail?.admission.map { $0.verdict != .notAsked } ?? false
        self.beginObject()
        for (name, time) in [
            ("authenticated_us", trail?.admission.flatMap { reached(UInt64($0.authenticated)) }),
            ("received_us", received), ("planned_us", planned),
            ("admitted_us", isAsked ? planned.map { Self.sum($0, trail?.admission?.duration) } : nil),
            ("dispatched_us", reached(request.detail.dispatched)), ("first_byte_us", request.firstByte),
            ("total_us", request.total),
        ] as [(StaticString, Int64?)] {
            self.key(name)
            self.integer(optional: time)
        }
        self.endObject()
    }

    private static func sum(_ time: Int64, _ further: UInt32?) -> Int64 {
        let (sum, overflow) = time.addingReportingOverflow(Int64(further ?? 0))
        return overflow ? .max : sum
    }
}

extension DecisionTrail {
    /// It came as far as a plan; what an older version has kept of a plain one does not say.
    fileprivate var wasPlanned: Bool {
        self.planning > 0 || self.admission.map { $0.verdict != .notAsked } ?? !self.targets.isEmpty
    }
}

extension Principal {
    /// The word in answers.
    fileprivate var wayOfAuthentication: String {
        switch self.key {
        case .standard: "static_key"
        case .anonymous: "anonymous"
        default: "key"
        }
    }
}

extension LimitScope {
    /// Whose limit it was: an id, or a model's name; nothing for addresses, which are not kept, and for the gateway.
    fileprivate func subject(in request: RequestRow) -> [UInt8] {
        let principal = request.principal
        return switch self {
        case .key: Array((principal?.key.text(.key) ?? "").utf8)
        case .project: Array((principal?.project.text(.project) ?? "").utf8)
        case .organization: Array((principal?.organization.text(.organization) ?? "").utf8)
        case .user: Array((principal?.user?.text(.user) ?? "").utf8)
        case .model: request.model
        case .address, .global, .anonymous, .wrongKeys: []
        }
    }
}
