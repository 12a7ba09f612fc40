import Domain

/// Something that has happened to a request.
public struct RequestEvent: Hashable, Sendable {
    public enum What: Hashable, Sendable {
        /// It is here.
        case start
        /// It is over.
        case stop
        /// It is over, with an error or a status of 400 or more.
        case exception
    }

    public var what: What
    /// As it was known then.
    public var request: RequestRow

    public init(_ what: What, _ request: RequestRow) {
        self.what = what
        self.request = request
    }

    /// How one that is over has ended.
    init(endOf request: RequestRow) {
        let isError = request.outcome == .error || (request.status ?? 0) >= 400
        self.init(isError ? .exception : .stop, request)
    }

    /// Milliseconds since 1970.
    public var time: UInt64 {
        guard self.what != .start else { return self.request.record.milliseconds }
        let duration = UInt64(max(0, self.request.total ?? 0)) / 1000
        let (time, overflow) = self.request.record.milliseconds.addingReportingOverflow(duration)
        return overflow ? .max : time
    }
}
