public import Domain
import Synchronization

/// What holds for all copies of a process's log: how much is written, and how. A reload changes it in one place.
public final class LogControl: Sendable {
    private let levelNumber: Atomic<UInt8>
    private let formatNumber: Atomic<UInt8>

    public init(level: LogLevel = .info, format: LogFormat = .json) {
        self.levelNumber = Atomic(level.rawValue)
        self.formatNumber = Atomic(format.rawValue)
    }

    /// Events below this are not written.
    public var level: LogLevel {
        get { LogLevel(rawValue: self.levelNumber.load(ordering: .relaxed)) ?? .info }
        set { self.levelNumber.store(newValue.rawValue, ordering: .relaxed) }
    }

    /// How lines are written.
    public var format: LogFormat {
        get { LogFormat(rawValue: self.formatNumber.load(ordering: .relaxed)) ?? .json }
        set { self.formatNumber.store(newValue.rawValue, ordering: .relaxed) }
    }
}
