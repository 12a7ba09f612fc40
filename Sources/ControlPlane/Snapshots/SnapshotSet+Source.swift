import Administration
import Configuration
import Cryptography
import Domain
import EventLog

extension SnapshotSet {
    /// The snapshots of a configuration that was read from `source`; what cannot be used is said in one line.
    static func made(
        of source: ConfigurationSource, _ result: ConfigurationResult, _ configuration: GatewayConfiguration,
        _ facts: StoreFacts?, users: [RoleUser], earlier: UpstreamSnapshot? = nil, readFile: BoundedFile.Reader
    ) throws(StartFailure) -> SnapshotSet {
        let now = Int64(clamping: Timestamp.now() / 1000)
        guard let rules = ZoneRules.make(configuration.timeZone, around: now) else {
            let problem = result.problem(
                at: "schedule.timezone", "this machine does not know \(configuration.timeZone)")
            throw StartFailure("\(problem)", code: ControlExitCode.configuration)
        }
        var builder = SnapshotBuilder(
            version: source.version, staticKeyDigest: try self.digest(of: source.staticKey),
            cores: AvailableCores.count(readFile: readFile), workingDirectory: source.workingDirectory, timeZone: rules,
            projects: facts?.projects ?? [])
        builder.catalogue = source.catalogue?.document
        builder.limitPlaces = source.limitPlaces == 0 ? nil : source.limitPlaces
        builder.mostUpstreams = source.mostUpstreams == 0 ? nil : source.mostUpstreams
        builder.earlier = earlier.map {
            UpstreamSnapshot.Earlier(
                version: $0.version, providers: $0.providers, prices: $0.prices, policies: $0.policies)
        }
        var snapshots = builder.build(configuration)
        snapshots.topology.users = users
        snapshots.topology.trustFolders = ReadablePaths.folders(of: snapshots.upstream.providers.compactMap(\.caFile))
        snapshots.topology.serverFolders = configuration.database.usage.map { ReadablePaths.folders(of: $0.files) }
        guard snapshots.canBeRead else {
            throw StartFailure("the configuration is too large for the workers", code: ControlExitCode.configuration)
        }
        return snapshots
    }

    private static func digest(of key: Secret?) throws(StartFailure) -> [UInt8]? {
        guard let key else { return nil }
        do {
            let algorithm = try SHA256()
            return try key.withBytes { try algorithm.digest($0) }.bytes
        } catch {
            throw StartFailure("sluice-control: \(error)")
        }
    }
}
