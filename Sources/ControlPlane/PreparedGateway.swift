import Administration
import Configuration
import Cryptography
import Domain
import Glibc
import EventLog
import Platform
import WorkerRuntime

/// What control has worked out before it says a word to the supervisor: a checked configuration, the snapshots of all
/// roles, the keys, and the lock on the state folder.
///
/// Two ways lead to it: reading the file and the environment (the gateway starts), or the configuration in force
/// (control was started again and nothing may change).
struct PreparedGateway: ~Copyable {
    /// The version of the first configuration.
    static let firstVersion: UInt64 = 1
    /// Milliseconds a start waits for the state folder: commands that find the gateway stopped have it for a moment.
    private static let patience: UInt64 = 2000

    let source: ConfigurationSource
    let configuration: GatewayConfiguration
    let snapshots: SnapshotSet
    /// What a newcomer is told.
    let clientKey: ClientKey
    /// Keys and projects; when control was started again and they cannot be opened, why not.
    let administration: Result<AdministrationStore, StartFailure>
    let instance: InstanceFile
    /// For the log; empty when nothing new was read.
    let notices: [String]

    /// As the command line says. Every failure is for people: one line, or one per problem of the configuration.
    init(arguments: WorkerArguments) throws(StartFailure) {
        guard let environment = arguments.environment else {
            throw StartFailure("sluice-control: --environment-fd is missing")
        }
        switch (arguments.inForce, arguments.instanceFile) {
        case (nil, nil):
            let bytes = try Self.sealed(environment, limit: ConfigurationSource.environmentLimit, "the environment")
            self = try Self(
                reading: arguments.configuration, environment: EnvironmentBlock(bytes: bytes),
                workingDirectory: Self.workingDirectory(), onTerminal: isatty(2) == 1, readFile: BoundedFile.read)
        case (let inForce?, let instanceFile?):
            let bytes = try Self.sealed(inForce, limit: ConfigurationSource.limit, "the configuration in force")
            self = try Self(
                inForce: bytes, instanceFile: OwnedDescriptor(adopting: instanceFile),
                isOnStandby: arguments.isOnStandby)
        default:
            throw StartFailure("sluice-control: --in-force-fd and --instance-file-fd go together")
        }
    }

    /// The gateway starts: reads the file (or only the environment), prepares the state folder and locks it.
    init(
        reading path: String?, environment: EnvironmentBlock, workingDirectory: String, onTerminal: Bool = false,
        readFile: BoundedFile.Reader
    ) throws(StartFailure) {
        var file: ConfigurationSource.File?
        if let path {
            do throws(BoundedFile.Failure) {
                file = ConfigurationSource.File(
                    name: path, bytes: try readFile(path, ConfigurationLoader.fileLimit))
            } catch {
                throw StartFailure(
                    "\(path): the file cannot be read: \(error.reason)", code: ControlExitCode.configuration)
            }
        }
        var (source, result) = ConfigurationSource.read(
            version: Self.firstVersion, file: file, environment: environment, workingDirectory: workingDirectory,
            readFile: readFile)
        let configuration = try Self.accepted(result)
        let directory = try StateDirectory(
            path: AbsolutePath.resolve(configuration.stateDirectory, in: workingDirectory))
        let instance = try InstanceFile.lock(in: directory, patience: Self.patience, random: Self.random)
        let store = try AdministrationStore(stateDirectory: directory.path)
        let clientKey = try FirstKey.prepare(configuration, in: directory, store: store, onTerminal: onTerminal)
        source.staticKey = configuration.auth.staticKey
        self.snapshots = try Self.snapshots(source, configuration, store, readFile: readFile)
        self.administration = .success(store)
        self.clientKey = clientKey
        self.source = source
        self.configuration = configuration
        self.instance = instance
        self.notices = result.notices
    }

    /// Control was started again: nothing but `bytes` and the instance file counts.
    ///
    /// On stand-by the files are another control's: nothing of them is opened for writing.
    init(
        inForce bytes: [UInt8], instanceFile: consuming OwnedDescriptor, isOnStandby: Bool = false
    ) throws(StartFailure) {
        guard let source = ConfigurationSource(decoding: bytes) else {
            throw StartFailure("sluice-control: the configuration in force cannot be read")
        }
        let configuration = try Self.accepted(source.result())
        let state = AbsolutePath.resolve(configuration.stateDirectory, in: source.workingDirectory)
        let instance = try InstanceFile(handedBack: instanceFile, path: "\(state)/\(InstanceFile.name)")
        // Traffic does not need control: what is wrong with its files must not end a gateway that runs.
        let store = Result { () throws(StartFailure) in
            guard !isOnStandby else { throw StartFailure("another control still works") }
            return try AdministrationStore(stateDirectory: state)
        }
        var snapshots = try Self.snapshots(source, configuration, try? store.get(), readFile: BoundedFile.read)
        if isOnStandby {
            snapshots.aggregator.limitTable.projects = SharedState.projectTimeZones(stateDirectory: state)
        }
        self.snapshots = snapshots
        self.administration = store
        self.clientKey = configuration.auth.staticKey == nil ? .stored : .configuration
        self.source = source
        self.configuration = configuration
        self.instance = instance
        self.notices = []
    }

    /// Whether this program could go on with the configuration in force (in sealed memory, at the descriptor) and the files of
    /// the gateway that runs; throws the reason where it cannot.
    static func check(_ inForce: Int32) throws(StartFailure) {
        let bytes = try Self.sealed(inForce, limit: ConfigurationSource.limit, "the configuration in force")
        guard let source = ConfigurationSource(decoding: bytes) else {
            throw StartFailure("the configuration in force has a format that the new program does not know")
        }
        let configuration = try Self.accepted(source.result())
        _ = try Self.snapshots(source, configuration, nil, readFile: BoundedFile.read)
        let state = AbsolutePath.resolve(configuration.stateDirectory, in: source.workingDirectory)
        if let obstacle = SharedState.obstacle(stateDirectory: state) { throw StartFailure(obstacle) }
    }

    // MARK: Parts

    private static func accepted(_ result: ConfigurationResult) throws(StartFailure) -> GatewayConfiguration {
        guard let configuration = result.configuration, result.problems.isEmpty else {
            let lines = result.problems.map(\.description)
            throw StartFailure(lines.joined(separator: "\n"), code: ControlExitCode.configuration)
        }
        return configuration
    }

    private static func snapshots(
        _ source: ConfigurationSource, _ configuration: GatewayConfiguration,
        _ store: AdministrationStore?, readFile: BoundedFile.Reader
    ) throws(StartFailure) -> SnapshotSet {
        var digest: [UInt8]?
        if let key = source.staticKey {
            do {
                let algorithm = try SHA256()
                digest = try key.withBytes { try algorithm.digest($0) }.bytes
            } catch {
                throw StartFailure("sluice-control: \(error)")
            }
        }
        let builder = SnapshotBuilder(
            version: source.version, staticKeyDigest: digest, cores: AvailableCores.count(readFile: readFile),
            workingDirectory: source.workingDirectory, timeZone: try Self.timeZone(configuration),
            projects: (try? store?.projectTimeZones()) ?? [])
        let snapshots = builder.build(configuration)
        guard snapshots.canBeRead else {
            throw StartFailure("the configuration is too large for the workers", code: ControlExitCode.configuration)
        }
        return snapshots
    }

    private static func timeZone(_ configuration: GatewayConfiguration) throws(StartFailure) -> TimeZoneRules {
        let now = Int64(clamping: Timestamp.now() / 1000)
        guard let rules = ZoneRules.make(configuration.timeZone, around: now) else {
            throw StartFailure(
                "schedule.timezone: this machine does not know \(configuration.timeZone)",
                code: ControlExitCode.configuration)
        }
        return rules
    }

    private static func random(_ count: Int) throws(StartFailure) -> [UInt8] {
        do throws(CryptographyError) {
            return try RandomBytes.make(count)
        } catch {
            throw StartFailure("sluice-control: \(error)")
        }
    }

    private static func sealed(_ number: Int32, limit: Int, _ what: String) throws(StartFailure) -> [UInt8] {
        let descriptor = OwnedDescriptor(adopting: number)
        do throws(SystemError) {
            return try SealedMemory.read(descriptor.number, limit: limit)
        } catch {
            throw StartFailure("sluice-control: cannot read \(what): \(error)")
        }
    }

    private static func workingDirectory() throws(StartFailure) -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        guard unsafe getcwd(&buffer, buffer.count) != nil else {
            throw StateDirectory.failure("sluice-control: the working directory cannot be found", ExitCode.cannotStart)
        }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
