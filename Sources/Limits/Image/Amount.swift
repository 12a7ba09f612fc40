/// Sums of amounts that may come from a damaged file: they stop at the bounds instead of trapping, and nothing is below 0.
enum Amount {
    /// A word of an image as an amount.
    @inline(always)
    static func of(_ word: UInt64) -> Int64 { max(0, Int64(bitPattern: word)) }

    @inline(always)
    static func sum(_ one: Int64, _ other: Int64) -> Int64 {
        let (sum, isTooMuch) = one.addingReportingOverflow(other)
        return isTooMuch ? .max : sum
    }

    /// What is left of `one` without `other`; both at least 0.
    @inline(always)
    static func rest(_ one: Int64, _ other: Int64) -> Int64 { max(0, one &- other) }

    /// `value` × `part` / `whole`, rounded up; `part` is at most `whole`, `value` at least 0.
    @inline(always)
    static func share(_ value: Int64, _ part: UInt64, of whole: UInt64) -> Int64 {
        if value == 0 || part == 0 || whole == 0 { return 0 }
        if part >= whole { return value }
        let (high, low) = UInt64(value).multipliedFullWidth(by: part)
        if high == 0, low <= .max - whole { return Int64((low + (whole - 1)) / whole) }
        let (quotient, remainder) = whole.dividingFullWidth((high, low))
        return Int64(quotient) + (remainder == 0 ? 0 : 1)
    }

    /// `room` × `whole` / `value`, rounded down and at most `whole`: how long of `whole` a share of `value` may be without being
    /// more than `room`.
    static func part(_ room: Int64, of whole: UInt64, for value: Int64) -> UInt64 {
        if room >= value { return whole }
        if room <= 0 { return 0 }
        return UInt64(value).dividingFullWidth(UInt64(room).multipliedFullWidth(by: whole)).quotient
    }
}
