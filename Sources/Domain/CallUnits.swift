/// What a call used besides tokens: images, time of audio, searches. Nearly all calls use nothing of it.
///
/// That a call is one request is not said here: it is known of every call.
public struct CallUnits: Hashable, Sendable {
    /// No zeros.
    private var counts: [UnitClass: Int64] = [:]

    public init() {}

    /// Of one class.
    public init(_ unitClass: UnitClass, _ count: Int64) {
        self[unitClass] = count
    }

    /// Nothing was used.
    public var isEmpty: Bool { self.counts.isEmpty }

    /// How much of a class; times are in milliseconds. What is set of `request` is not kept.
    public subscript(_ unitClass: UnitClass) -> Int64 {
        get { self.counts[unitClass] ?? 0 }
        set { self.counts[unitClass] = newValue == 0 || unitClass == .request ? nil : newValue }
    }

    /// Adds another call's, class by class; a sum beyond Int64 stays at its greatest value.
    public static func + (a: CallUnits, b: CallUnits) -> CallUnits {
        var sum = a
        for (unitClass, count) in b.counts {
            let (value, overflow) = sum[unitClass].addingReportingOverflow(count)
            sum[unitClass] = overflow ? .max : value
        }
        return sum
    }

    /// Of both, where there are any.
    public static func sum(_ a: CallUnits?, _ b: CallUnits?) -> CallUnits? {
        guard let a else { return b }
        return b.map { a + $0 } ?? a
    }
}
