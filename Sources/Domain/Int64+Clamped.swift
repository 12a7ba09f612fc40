extension Int64 {
    /// The sum; what is beyond Int64 stays at its greatest or its least value.
    @inlinable public func addingClamped(_ other: Int64) -> Int64 {
        let (sum, overflow) = self.addingReportingOverflow(other)
        return overflow ? (other > 0 ? .max : .min) : sum
    }
}
