import Configuration
import Synchronization

/// What the threads of the administration have to know of where catalogues come from. Control's loop tells it, threads ask.
final class CatalogueBoard: Sendable {
    struct State: Sendable {
        var settings = CatalogueSettings()
        /// Why the source could not be read the last time, and when that was (milliseconds since 1970).
        var failure: (message: String, time: UInt64)?
    }

    private let state = Mutex(State())

    var now: State { self.state.withLock { $0 } }

    func use(_ settings: CatalogueSettings) { self.state.withLock { $0.settings = settings } }

    func keep(failure: (message: String, time: UInt64)?) { self.state.withLock { $0.failure = failure } }
}
