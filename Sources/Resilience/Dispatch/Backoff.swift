/// How long to wait before the same provider is asked again: exponential, with full jitter.
///
/// Source: Brooker, "Exponential Backoff And Jitter" (AWS Architecture Blog, 2015): full jitter needs the fewest calls in all
/// until many clients that failed together have succeeded.
public enum Backoff {
    /// Longest wait, in nanoseconds. What takes longer, also by a provider's word, is not waited for: the client is told, and may
    /// have something better to do than to keep a request open.
    public static let longest: UInt64 = 10_000_000_000

    /// Nanoseconds before the repetition with that number (from 0): any time from 0 to `base` · 2^`repetition`, at most
    /// `longest`, all equally likely where `random` is.
    public static func delay(base: UInt64, repetition: UInt8, random: UInt64) -> UInt64 {
        let base = min(base, self.longest)
        // 2^34 is above 10 s: 27 doublings cannot overflow, and no more are needed.
        let span = min(base << UInt64(min(repetition, 27)), self.longest)
        return random.multipliedFullWidth(by: span &+ 1).high
    }
}
