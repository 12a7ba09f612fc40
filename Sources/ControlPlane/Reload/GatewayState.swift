import Configuration
import Domain

/// A configuration as control holds it: what it was read from, what it says, and what was made of it.
struct GatewayState: Hashable, Sendable {
    var source: ConfigurationSource
    /// What the file, or the environment, says.
    var base: ConfigurationResult
    /// That and what was made by API, put together.
    var merge: ObjectMerge
    var snapshots: SnapshotSet
    /// What operators should know although nothing is wrong.
    var notices: [String]

    var version: UInt64 { self.source.version }
    /// The whole.
    var configuration: GatewayConfiguration { self.merge.configuration }
}
