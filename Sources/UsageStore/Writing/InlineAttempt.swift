import Domain

/// `requests.attempt`: the one call of a request, as a number, where its status, cost and error are the request's own.
///
/// From the lowest bit: billed 2, milliseconds from the record's own to the start 17, the upstream's number 24, the target's
/// 20. A call that does not fit lies in `attempts`. The view `calls` takes the number apart again.
enum InlineAttempt {
    /// Nil where the call needs a row of its own.
    @inline(__always)
    static func packed(_ attempt: PendingAttempt, of request: PendingRequest) -> Int64? {
        guard attempt.hasBegin, attempt.hasEnd, request.rank == .edge, request.attempts == 1,
            attempt.status == request.status, attempt.cost == request.cost, attempt.error == request.error
        else { return nil }
        let (started, isBefore) = attempt.startedAt.subtractingReportingOverflow(attempt.record.milliseconds)
        guard !isBefore, started < 1 << 17, attempt.owner < 1 << 24, attempt.target >= 0, attempt.target < 1 << 20
        else { return nil }
        return attempt.target << 43 | Int64(attempt.owner) << 19 | Int64(started) << 2 | Int64(attempt.billed.rawValue)
    }

    /// What `packed` has put together, but for the owner: `started` in milliseconds from the record's own.
    static func parts(_ packed: Int64) -> (target: Int64, started: Int64, billed: Billed) {
        (packed >> 43, packed >> 2 & 0x1_FFFF, Billed(rawValue: UInt8(packed & 3)) ?? .unknown)
    }
}
