/// Times within words of the shared state: milliseconds of the table's clock, of which 42 bits are kept, so that they wrap around
/// once in 139 years.
///
/// What lies further ahead than anything that is ever waited for was written by somebody else, or before the clock was set back:
/// it counts as past.
enum WordTime {
    static let bits: UInt64 = 42
    static let mask: UInt64 = 1 << bits - 1
    /// A day: nobody is left alone for longer.
    static let longest: UInt64 = 86_400_000

    /// The moment `wait` after `now`, as a word has it.
    static func moment(_ wait: UInt64, after now: UInt64) -> UInt64 { (now &+ min(wait, self.longest)) & self.mask }

    /// Milliseconds from `now` until a moment; 0 where it is past.
    static func rest(until moment: UInt64, at now: UInt64) -> UInt64 {
        let rest = (moment &- now) & self.mask
        return rest <= self.longest ? rest : 0
    }

    /// A time that doubles with each step: `first`, then twice as much …, at most `longest`.
    static func doubled(_ first: UInt64, steps: UInt64, longest: UInt64) -> UInt64 {
        let (time, overflow) = first.multipliedReportingOverflow(by: 1 << min(steps, 32))
        return min(overflow ? .max : time, longest)
    }
}

extension UInt64 {
    /// A field of a word.
    @inline(__always)
    func field(at place: UInt64, bits: UInt64) -> UInt64 { self >> place & (1 << bits - 1) }

    /// The word with another value in a field; what does not fit becomes the largest that does.
    @inline(__always)
    func with(_ value: UInt64, at place: UInt64, bits: UInt64) -> UInt64 {
        let mask: UInt64 = 1 << bits - 1
        return self & ~(mask << place) | Swift.min(value, mask) << place
    }
}
