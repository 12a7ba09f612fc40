/// Why a value of the configuration cannot be used, in words for the operator: what was expected.
///
/// The text never repeats the value itself: the caller adds it, and leaves it out where it may be a secret.
struct ValueError: Error, Hashable, Sendable {
    /// Reads well after the value's path, such as `expected a duration such as 10s`.
    let message: String

    init(_ message: String) {
        self.message = message
    }
}
