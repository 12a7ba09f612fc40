import Domain
import Limits

/// What one turn of reading journals is to do.
struct IngestOrder: Sendable {
    /// Who died, and in what role: what was in flight there?
    struct Question: Hashable, Sendable {
        var owner: TailedOwner
        var role: Role
    }

    /// Monotonic, in nanoseconds.
    var now: UInt64
    /// Milliseconds since 1970.
    var wall: UInt64
    /// Asks who lives, even if that was asked a moment ago.
    var looksAgain = false
    /// The process is about to leave.
    var isEnding = false
    /// Edges that live for sure.
    var linkedEdges: Set<UInt32> = []
    var questions: Set<Question> = []
    /// Of a new snapshot.
    var prices: [Price]?
    /// Of a new snapshot.
    var limitTable: LimitTableSettings?
    /// Of a new snapshot.
    var housekeeping: HousekeepingSettings?
    /// Somebody wants to know how full the limit table is.
    var countsRoom = false
}
