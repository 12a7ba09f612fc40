public import Domain
import Synchronization

/// When jobs run, by the configuration in force. Control's loop tells it, the threads of the administration ask.
public final class JobBoard: Sendable {
    private let settings: Mutex<HousekeepingSettings>

    public init(_ settings: HousekeepingSettings) {
        self.settings = Mutex(settings)
    }

    /// Another configuration is in force.
    public func use(_ settings: HousekeepingSettings) { self.settings.withLock { $0 = settings } }

    var now: HousekeepingSettings { self.settings.withLock { $0 } }
}
