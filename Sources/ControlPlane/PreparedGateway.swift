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

    let state: GatewayState
    /// What a newcomer is told.
    let clientKey: ClientKey
    let ownerToken: OwnerToken
    /// Opens keys and projects.
    let administration: AdministrationSource
    /// What was known of them at the start; nil where they could not be opened.
    let facts: StoreFacts?
    let instance: InstanceFile

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
                workingDirectory: Self.workingDirectory(), onTerminal: isatty(2) == 1, readFile: BoundedFile.read,
                settle: { (configuration, state) throws(StartFailure) in
                    try ControlConfinement.settle(configuration, state: state, arguments: arguments)
                })
        case (let inForce?, let instanceFile?):
            let bytes = try Self.sealed(inForce, limit: ConfigurationSource.limit, "the configuration in force")
            self = try Self(
                inForce: bytes, instanceFile: OwnedDescriptor(adopting: instanceFile),
                hasOwnUser: arguments.user != nil, isOnStandby: arguments.isOnStandby)
        default:
            throw StartFailure("sluice-control: --in-force-fd and --instance-file-fd go together")
        }
    }

    /// Gives the state folder at a path to the users of the workers, and makes this process control's; they are returned.
    typealias Settle = (GatewayConfiguration, String) throws(StartFailure) -> [RoleUser]

    /// The gateway starts: reads the file (or only the environment), prepares the state folder and locks it.
    init(
        reading path: String?, environment: EnvironmentBlock, workingDirectory: String, onTerminal: Bool = false,
        readFile: BoundedFile.Reader, settle: Settle = { (_, _) throws(StartFailure) in [] }
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
        let state = AbsolutePath.resolve(configuration.stateDirectory, in: workingDirectory)
        let users = try settle(configuration, state)
        let directory = try StateDirectory(path: state)
        let instance = try InstanceFile.lock(in: directory, patience: Self.patience, random: Self.random)
        try directory.takeOverFormerLayout()
        let vault = try Self.vault(state, environment)
        let administration = AdministrationSource(
            stateDirectory: directory.path, server: configuration.database.control, vault: vault)
        let store = try Self.store(administration)
        var clientKey = Self.known(configuration)
        var ownerToken = OwnerToken.stored
        var notices: [String] = []
        if let store {
            clientKey = try FirstKey.prepare(configuration, in: directory, store: store, onTerminal: onTerminal)
            ownerToken = try FirstToken.prepare(in: directory, store: store, onTerminal: onTerminal)
            notices = FirstCatalogue.prepare(configuration, in: workingDirectory, store: store, readFile: readFile)
        }
        let facts = try? store?.facts()
        source.staticKey = configuration.auth.staticKey
        // What was in force last does while the database is away.
        source.use(
            facts
                ?? StoreFacts(
                    hasKeys: true, projects: [], objects: ObjectsCopy.read(stateDirectory: state) ?? ObjectRecords(),
                    catalogue: CatalogueCopy.read(stateDirectory: state)))
        let merge = ObjectMerge.made(of: source, result, ObjectCodec(vault: vault))
        let snapshots = try SnapshotSet.made(
            of: source, result, merge.configuration, facts, users: users, readFile: readFile)
        source.limitPlaces = snapshots.aggregator.limitTable.places
        source.mostUpstreams = snapshots.aggregator.upstreams
        self.state = GatewayState(
            source: source, base: result, merge: merge, snapshots: snapshots,
            notices: result.notices + merge.notices + notices)
        self.administration = administration
        self.facts = facts
        self.clientKey = clientKey
        self.ownerToken = ownerToken
        self.instance = instance
    }

    /// Control was started again: nothing but `bytes` and the instance file counts.
    ///
    /// On stand-by the files are another control's: nothing of them is opened for writing.
    init(
        inForce bytes: [UInt8], instanceFile: consuming OwnedDescriptor, hasOwnUser: Bool = false,
        isOnStandby: Bool = false
    ) throws(StartFailure) {
        guard let source = ConfigurationSource(decoding: bytes) else {
            throw StartFailure("sluice-control: the configuration in force cannot be read")
        }
        let result = source.result()
        let configuration = try Self.accepted(result)
        let state = AbsolutePath.resolve(configuration.stateDirectory, in: source.workingDirectory)
        let instance = try InstanceFile(handedBack: instanceFile, path: "\(state)/\(InstanceFile.name)")
        // Traffic does not need control: what is wrong with its files must not end a gateway that runs.
        let vault = try Self.vault(state, source.environment)
        let administration = AdministrationSource(
            stateDirectory: state, server: configuration.database.control, vault: vault)
        let facts = isOnStandby ? nil : try? administration.open().facts()
        let users = try RoleUsers.resolve(configuration.user, asRoot: hasOwnUser)
        // Workers that are started later would be root.
        guard !hasOwnUser || !users.isEmpty else {
            throw StartFailure("user: the users that this gateway was started with are not found any more")
        }
        let merge = try Self.remade(source, result, vault)
        var snapshots = try SnapshotSet.made(
            of: source, result, merge.configuration, facts, users: users, readFile: BoundedFile.read)
        if isOnStandby {
            snapshots.aggregator.limitTable.projects = SharedState.projectTimeZones(
                stateDirectory: state, server: configuration.database.control)
        }
        self.state = GatewayState(
            source: source, base: result, merge: merge, snapshots: snapshots, notices: result.notices + merge.notices)
        self.administration = administration
        self.facts = facts
        self.clientKey = configuration.auth.staticKey == nil ? .stored : .configuration
        self.ownerToken = .stored
        self.instance = instance
    }

    /// Whether this program could go on with the configuration in force (in sealed memory, at the descriptor) and the files of
    /// the gateway that runs; throws the reason where it cannot.
    static func check(_ inForce: Int32) throws(StartFailure) {
        let bytes = try Self.sealed(inForce, limit: ConfigurationSource.limit, "the configuration in force")
        guard let source = ConfigurationSource(decoding: bytes) else {
            throw StartFailure("the configuration in force has a format that the new program does not know")
        }
        let result = source.result()
        let configuration = try Self.accepted(result)
        let state = AbsolutePath.resolve(configuration.stateDirectory, in: source.workingDirectory)
        let merge = try Self.remade(source, result, Self.vault(state, source.environment))
        _ = try SnapshotSet.made(of: source, result, merge.configuration, nil, users: [], readFile: BoundedFile.read)
        if let obstacle = SharedState.obstacle(stateDirectory: state) { throw StartFailure(obstacle) }
    }

    // MARK: Parts

    /// The store; nil while its server is away: traffic needs only what is in the state folder.
    private static func store(_ source: AdministrationSource) throws(StartFailure) -> AdministrationStore? {
        do throws(StartFailure) {
            return try source.open()
        } catch {
            guard error.code == ControlExitCode.databaseAway else { throw error }
            return nil
        }
    }

    /// What can be said of the key to call with where the store is not known.
    private static func known(_ configuration: GatewayConfiguration) -> ClientKey {
        if configuration.auth.staticKey != nil { return .configuration }
        return configuration.auth.keys == .required ? .stored : .notNeeded
    }

    private static func vault(_ state: String, _ environment: EnvironmentBlock) throws(StartFailure) -> Vault {
        let values = environment.values
        let source = try MasterKeySource(stateDirectory: state) { values[$0] }
        do throws(VaultError) {
            return try Vault(source)
        } catch {
            throw error.startFailure
        }
    }

    /// What was in force is in force again, or nothing is.
    private static func remade(
        _ source: ConfigurationSource, _ result: ConfigurationResult, _ vault: Vault
    ) throws(StartFailure) -> ObjectMerge {
        do throws(ObjectCodec.Unreadable) {
            return try ObjectMerge.remade(of: source, result, ObjectCodec(vault: vault))
        } catch {
            throw StartFailure("\(error.name), made by API: \(error.reason)", code: ControlExitCode.stateDamaged)
        }
    }

    private static func accepted(_ result: ConfigurationResult) throws(StartFailure) -> GatewayConfiguration {
        guard let configuration = result.configuration, result.problems.isEmpty else {
            let lines = result.problems.map(\.description)
            throw StartFailure(lines.joined(separator: "\n"), code: ControlExitCode.configuration)
        }
        return configuration
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
