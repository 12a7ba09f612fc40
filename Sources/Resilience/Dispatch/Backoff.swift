/// How long to wait before the same provider is asked again: exponential, with full jitter.
///
/// Source: Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015): full jitter needs the fewest calls in all
/// until many clients that failed together have succeeded.
public enum Backoff {
    /// Longest wait, in nanoseconds; what is to be waited for longer is not waited for.
    public static let longest: UInt64 = 60_000_000_000

    /// Nanoseconds before the repetition with that number (from 0): any time from 0 to `base` · 2^`repetition`, at most
    /// `longest`, all equally likely where `random` is.
    public static func delay(base: UInt64, repetition: UInt8, random: UInt64) -> UInt64 {
        let base = min(base, self.longest)
        // 2^36 is above 60 s: 63 - 36 doublings cannot overflow, and no more are needed.
        let span = min(base << UInt64(min(repetition, 27)), self.longest)
        return random.multipliedFullWidth(by: span &+ 1).high
    }
}
