import Domain
import Synchronization
import UsageStore

/// Those who follow what happens, between two of their questions: what each has been told. Bounded: who asks seldom is forgotten, and goes
/// on by its cursor. Shared by all threads that answer.
public final class EventFollowers: Sendable {
    /// Remembered at the same time: each takes up to a megabyte or two.
    static let limit = 8
    /// Milliseconds without a question after which one is forgotten.
    static let patience: UInt64 = 60_000

    /// One that is not being answered.
    struct Entry {
        var follower: RequestFollower
        /// What did not go into the last answer.
        var rest: [RequestEvent] = []
        /// What was answered last; nothing else is this one's.
        var cursor: EventCursor?
    }

    private struct State {
        /// By the order of the last question, the oldest first.
        var entries: [(entry: Entry, at: UInt64)] = []
    }

    private let state = Mutex(State())

    public init() {}

    /// What is known of who brings a cursor, which is his alone until he is put back; nil where that is nothing.
    func take(_ cursor: EventCursor, organization: EntityID?) -> Entry? {
        self.state.withLock { state in
            let place = state.entries.firstIndex {
                $0.entry.cursor == cursor && $0.entry.follower.organization == organization
            }
            return place.map { state.entries.remove(at: $0).entry }
        }
    }

    /// Keeps it for the next question; `now` is any clock's milliseconds.
    func put(_ entry: Entry, now: UInt64) {
        self.state.withLock { state in
            if state.entries.count >= Self.limit { state.entries.removeFirst() }
            state.entries.append((entry, now))
        }
    }

    /// Forgets who has not asked for long. To be called now and then, by the same clock.
    public func sweep(now: UInt64) {
        self.state.withLock { state in
            state.entries.removeAll { now &- min(now, $0.at) > Self.patience }
        }
    }

    var count: Int { self.state.withLock { $0.entries.count } }
}
