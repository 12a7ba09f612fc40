import Dialects
import Domain
import JSON
import Limits

/// A refusal as its caller is told it. Pure.
struct LimitAnswer: Hashable {
    let refusal: LimitRefusal
    /// Seconds until waiting may help, rounded up; nil where it does not help by itself.
    let resetSeconds: Int64?

    /// `periodEnd` is when the calendar period of a budget ends, in seconds since 1970 as `now` is; nil for other limits.
    init(_ refusal: LimitRefusal, periodEnd: Int64?, now: Int64) {
        self.refusal = refusal
        if let retryAfter = refusal.retryAfter {
            self.resetSeconds = max(1, Int64(clamping: retryAfter / 1000 + (retryAfter % 1000 > 0 ? 1 : 0)))
        } else {
            self.resetSeconds = periodEnd.map { max(1, $0 - now) }
        }
    }

    /// The error, without the details.
    var error: GatewayError {
        let kind = self.refusal.kind
        let (type, code) =
            switch kind {
            case _ where self.refusal.scope == .wrongKeys: ("requests", "too_many_wrong_keys")
            case .concurrency: ("requests", "concurrency_exceeded")
            case _ where kind.isBudget: ("insufficient_quota", "insufficient_quota")
            default: (kind.unit == .requests ? "requests" : "tokens", "rate_limit_exceeded")
            }
        return GatewayError(
            code: code, type: type, status: 429, source: .client, retry: kind.isBudget ? .never : .later,
            message: self.message, retryAfter: self.resetSeconds.map { UInt32(clamping: $0) })
    }

    private var message: String {
        let again = self.resetSeconds.map { "Please try again in \($0)s." } ?? "Please try again later."
        let whose: String
        switch self.refusal.scope {
        case .wrongKeys: return "Too many wrong API keys have come from your address. \(again)"
        case .address: whose = "your address"
        case .anonymous: whose = "callers without a key"
        case .global: whose = "this gateway"
        default: whose = "this \(self.refusal.scope.name)"
        }
        let what = "\(self.refusal.kind.name) of \(whose)"
        let isBudget = self.refusal.kind.isBudget
        let figure = LimitAnswer.figure(self.refusal.limit, self.refusal.kind)
        return isBudget
            ? "You exceeded your current quota: of \(figure) of \(what) too little is left for this request."
            : "Rate limit reached: \(what) is limited to \(figure). \(again)"
    }

    /// The error in the words of a front door (nil: OpenAI's), with a member `limit` that says how the limit stands.
    func body(_ error: GatewayError, at door: Endpoint?, requestID: String?) -> [UInt8] {
        ErrorBody.render(error, at: door, requestID: requestID) { writer in
            writer.key("limit")
            self.write(to: &writer)
        }
    }

    private func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("scope")
        writer.string("\(self.refusal.scope.name)")
        writer.key("name")
        writer.string("\(self.refusal.kind.name)")
        let held = max(0, min(self.refusal.held, self.refusal.used))
        let figures: [(StaticString, Int64)] = [
            ("limit", self.refusal.limit), ("used", self.refusal.used - held), ("held", held),
            ("remaining", self.refusal.remaining),
        ]
        for (name, value) in figures {
            writer.key(name)
            if self.refusal.kind.unit == .cost {
                writer.string(LimitAnswer.dollars(value))
            } else {
                writer.integer(value)
            }
        }
        writer.key("reset_seconds")
        if let resetSeconds = self.resetSeconds { writer.integer(resetSeconds) } else { writer.null() }
        writer.endObject()
    }

    private static func figure(_ value: Int64, _ kind: LimitKind) -> String {
        switch kind.unit {
        case .cost: "$\(self.dollars(value))"
        case .tokens: "\(value) tokens"
        case .requests: "\(value)"
        }
    }

    private static func dollars(_ value: Int64) -> String { MoneyText.text(nanoDollars: max(0, value)) }
}
