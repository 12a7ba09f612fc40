import Domain

/// How the tree is, in numbers.
struct TreeFigures: Hashable {
    /// Processes of the role that are READY now.
    var up: [Role: Int] = [:]
    /// Times a process of the role was started again since the gateway started.
    var restarts: [Role: UInt64] = [:]
    /// Fingerprints of requests that are refused because they killed workers.
    var quarantined = 0
    var isDegraded = false
    /// Of the configuration in force.
    var version: UInt64 = 0
}
