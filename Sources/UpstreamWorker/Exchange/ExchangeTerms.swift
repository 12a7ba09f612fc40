internal import Domain

/// What an exchange has to keep to; times in nanoseconds.
struct ExchangeTerms {
    /// The client asked for a stream.
    var isStream: Bool
    /// Sluice asked for the usage chunk: it is taken out of the reply.
    var askedForUsage: Bool
    var firstToken: UInt64
    var idle: UInt64
    var total: UInt64

    init(isStream: Bool, askedForUsage: Bool, timeouts: ProviderTimeouts) {
        self.isStream = isStream
        self.askedForUsage = askedForUsage
        self.firstToken = ExchangeTerms.nanoseconds(timeouts.firstToken)
        self.idle = ExchangeTerms.nanoseconds(timeouts.idle)
        self.total = ExchangeTerms.nanoseconds(timeouts.total)
    }

    static func nanoseconds(_ milliseconds: UInt64) -> UInt64 {
        let (value, overflow) = milliseconds.multipliedReportingOverflow(by: 1_000_000)
        return overflow ? .max : value
    }
}
