import CLinux

/// What a descriptor is ready for, or is to be watched for (epoll's bits).
public struct Readiness: OptionSet, Hashable, Sendable {
    public let rawValue: UInt32

    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    public static let readable = Readiness(rawValue: SLUICE_EPOLL_IN)
    public static let writable = Readiness(rawValue: SLUICE_EPOLL_OUT)
    /// The peer will send no more.
    public static let readHangUp = Readiness(rawValue: SLUICE_EPOLL_RDHUP)
    /// Always reported, never asked for.
    public static let hangUp = Readiness(rawValue: SLUICE_EPOLL_HUP)
    /// Always reported, never asked for.
    public static let failed = Readiness(rawValue: SLUICE_EPOLL_ERR)
}
