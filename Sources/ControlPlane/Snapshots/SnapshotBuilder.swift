import Administration
import Catalogue
import Configuration
import Domain
import UsageStore

/// Divides a configuration among the roles. Pure.
struct SnapshotBuilder {
    /// Cores per upstream worker where the configuration says `auto`; an edge takes one.
    static let coresPerUpstream = 4
    /// So many upstreams there may be after a reload, however few there were at the start; above that, two more than then.
    static let leastUpstreams: UInt16 = 4

    var version: UInt64
    /// SHA-256 of the static key, nil where there is none.
    var staticKeyDigest: [UInt8]?
    /// Cores this gateway may run on.
    var cores: Int
    /// Absolute: where paths of the configuration start.
    var workingDirectory: String
    /// The rules of the configuration's time zone.
    var timeZone = TimeZoneRules.utc
    /// Projects with a time zone of their own.
    var projects: [LimitTableSettings.Project] = []
    /// The catalogue in force.
    var catalogue: CatalogueDocument?
    /// What a reload replaces.
    var earlier: UpstreamSnapshot.Earlier?
    /// Places of the limit table that is there; nil before there is one.
    var limitPlaces: UInt16?
    /// The upstreams that the table of providers has places for; nil before there is one.
    var mostUpstreams: UInt16?

    func build(_ configuration: GatewayConfiguration) -> SnapshotSet {
        // An index has 16 bits; the order is the file's, the same in edges and upstreams.
        let providers = configuration.providers.prefix(Int(UInt16.max))
        var indexes: [[UInt8]: UInt16] = [:]
        for (index, provider) in providers.enumerated() {
            indexes[Array(provider.settings.name.utf8)] = UInt16(index)
        }
        let table = PriceTable(
            providers: Array(providers), pricing: configuration.pricing, catalogue: self.catalogue)
        let built = RouteTableBuilder(configuration.models, providers: indexes, prices: table)
        let routes = RouteTable(
            providers: providers.map(\.settings.name), aliases: built.aliases,
            defaultProvider: configuration.defaultProvider.flatMap { indexes[Array($0.utf8)] }, models: table.models,
            policies: built.policies)
        let state = AbsolutePath.resolve(configuration.stateDirectory, in: self.workingDirectory)
        let topology = self.topology(configuration, stateDirectory: state)
        let edge = EdgeSnapshot(
            version: self.version, http: configuration.http.limits, corsOrigins: configuration.http.corsOrigins,
            authentication: configuration.auth.keys, staticKeyDigest: self.staticKeyDigest, routes: routes,
            prices: table.prices, stateDirectory: state, journal: configuration.journal,
            limits: configuration.limitSettings(timeZone: self.timeZone), sharedCalls: configuration.sharedCalls,
            countsProjects: configuration.telemetry.countsProjects,
            responseExtension: configuration.telemetry.responseExtension, logLevel: configuration.logLevel,
            logFormat: configuration.logging.format,
            requestLogging: configuration.logging.requests,
            administrationListener: configuration.admin.listen.map { _ in UInt16(clamping: configuration.listen.count) }
        )
        let upstream = UpstreamSnapshot(
            version: self.version, providers: providers.map { self.settings(of: $0) }, prices: table.prices,
            policies: built.policies, upstreams: topology.upstreams, stateDirectory: state,
            journal: configuration.journal,
            logLevel: configuration.logLevel, logFormat: configuration.logging.format, earlier: self.earlier)
        let aggregator = AggregatorSnapshot(
            version: self.version, prices: table.prices, stateDirectory: state,
            usageDatabase: configuration.database.usage.map { .postgres($0) }
                ?? .sqlite(path: UsageSchema.path(stateDirectory: state)),
            limitTable: self.limitTable(configuration.limits, edges: topology.edges),
            upstreams: self.mostUpstreams ?? max(topology.upstreams &+ 2, Self.leastUpstreams),
            housekeeping: HousekeepingSettings(
                schedules: configuration.schedules, timeZone: self.timeZone, requests: configuration.retention.requests,
                usage: configuration.retention.usage),
            logLevel: configuration.logLevel, logFormat: configuration.logging.format)
        return SnapshotSet(edge: edge, upstream: upstream, aggregator: aggregator, topology: topology)
    }

    /// Each edge has a place in the table, and so has the one that took over from it while it is still there; a few more
    /// wait for their recovery.
    private func limitTable(_ limits: LimitConfiguration, edges: UInt16) -> LimitTableSettings {
        var table = LimitTableSettings()
        table.slots = limits.tableSlots
        let places = min(UInt16(clamping: Int(edges) * 2 + 4), LimitTableSettings.placeRange.upperBound)
        table.places = self.limitPlaces ?? places
        table.timeZone = self.timeZone
        table.projects = self.projects
        return table
    }

    private func settings(of provider: ConfiguredProvider) -> ProviderSettings {
        var settings = provider.settings
        settings.caFile = settings.caFile.map { AbsolutePath.resolve($0, in: self.workingDirectory) }
        return settings
    }

    private func settings(of listener: ListenerSettings) -> ListenerSettings {
        var settings = listener
        settings.tls = listener.tls.map { files in
            ListenerSettings.TLSFiles(
                certificate: AbsolutePath.resolve(files.certificate, in: self.workingDirectory),
                key: AbsolutePath.resolve(files.key, in: self.workingDirectory))
        }
        return settings
    }

    private func topology(_ configuration: GatewayConfiguration, stateDirectory: String) -> Topology {
        Topology(
            listeners: configuration.listeners.map { self.settings(of: $0) },
            edges: UInt16(clamping: configuration.workers.edge.resolved(cores: self.cores, coresPerWorker: 1)),
            upstreams: UInt16(
                clamping: configuration.workers.upstream.resolved(
                    cores: self.cores, coresPerWorker: Self.coresPerUpstream)),
            drainTimeout: configuration.drainTimeout,
            stateDirectory: stateDirectory,
            logLevel: configuration.logLevel, logFormat: configuration.logging.format,
            logFile: configuration.logging.file.map { AbsolutePath.resolve($0, in: self.workingDirectory) })
    }
}
