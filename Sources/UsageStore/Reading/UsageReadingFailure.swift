public import Database

/// Why a question got no answer.
public enum UsageReadingFailure: Error, Hashable, Sendable {
    case database(DatabaseError)
    /// It took longer than it may: ask for a shorter period.
    case tookTooLong
}
