import Administration
import Configuration
import Domain
import IPC

/// Everything a configuration was made of: the file's text, the environment, and each file that was read on the way.
///
/// It travels to the supervisor as a sealed memfd (the *configuration in force*) and comes back to a control that is
/// started again, so that the same configuration is in force although the files have changed or gone since. It holds
/// secrets: the supervisor never maps it.
struct ConfigurationSource: Hashable, Sendable {
    struct File: Hashable, Sendable {
        /// As it was given.
        var name: String
        var bytes: [UInt8]
    }

    /// A file that the configuration names: its contents, or why it could not be read.
    struct Include: Hashable, Sendable {
        var path: String
        var outcome: Result<[UInt8], BoundedFile.Failure>
    }

    /// The most bytes of the environment, and of a configuration in force.
    static let environmentLimit = 16 << 20
    static let limit = 48 << 20

    var version: UInt64
    /// nil where the environment alone decides.
    var file: File?
    var environment: EnvironmentBlock
    var includes: [Include]
    /// Absolute; relative paths start here.
    var workingDirectory: String
    /// The static key in force.
    var staticKey: Secret?
    /// Places of this run's limit table; 0 before it is known.
    var limitPlaces: UInt16 = 0
    /// Upstreams that this run's table of providers has places for; 0 before it is known.
    var mostUpstreams: UInt16 = 0
    /// What was made by API, as it is stored: secrets sealed.
    var objects = ObjectRecords()
    /// The catalogue in force.
    var catalogue: LoadedCatalogue?

    /// Reads the configuration the first time, and remembers what it read.
    static func read(
        version: UInt64, file: File?, environment: EnvironmentBlock, workingDirectory: String,
        readFile: BoundedFile.Reader
    ) -> (source: ConfigurationSource, result: ConfigurationResult) {
        var includes: [Include] = []
        let result = Self.load(file, environment) { (path, limit) throws(BoundedFile.Failure) in
            let outcome = Result { () throws(BoundedFile.Failure) in try readFile(path, limit) }
            includes.append(Include(path: path, outcome: outcome))
            return try outcome.get()
        }
        let source = ConfigurationSource(
            version: version, file: file, environment: environment, includes: includes,
            workingDirectory: workingDirectory, staticKey: nil)
        return (source, result)
    }

    /// Reads the file and what it names anew, with the environment of the start. Nothing of this source changes.
    func readAgain(
        version: UInt64, readFile: BoundedFile.Reader
    ) throws(BoundedFile.Failure) -> (source: ConfigurationSource, result: ConfigurationResult) {
        // The paths are those of the start, whatever this process's folder is now.
        let directory = self.workingDirectory
        func read(_ path: String, _ limit: Int) throws(BoundedFile.Failure) -> [UInt8] {
            try readFile(AbsolutePath.resolve(path, in: directory), limit)
        }
        var file = self.file
        if let name = file?.name { file?.bytes = try read(name, ConfigurationLoader.fileLimit) }
        var (source, result) = Self.read(
            version: version, file: file, environment: self.environment, workingDirectory: directory, readFile: read)
        source.staticKey = result.configuration?.auth.staticKey
        source.limitPlaces = self.limitPlaces
        source.mostUpstreams = self.mostUpstreams
        source.objects = self.objects
        source.catalogue = self.catalogue
        return (source, result)
    }

    /// The same under another version, its result too; touches no file.
    func again(version: UInt64) -> (source: ConfigurationSource, result: ConfigurationResult) {
        var source = self
        source.version = version
        return (source, self.result())
    }

    /// Reads the configuration again; touches no file.
    func result() -> ConfigurationResult {
        Self.load(self.file, self.environment) { (path, _) throws(BoundedFile.Failure) in
            guard let include = self.includes.first(where: { $0.path.utf8.elementsEqual(path.utf8) }) else {
                throw BoundedFile.Failure(reason: "it is not part of the configuration in force")
            }
            return try include.outcome.get()
        }
    }

    private static func load(
        _ file: File?, _ environment: EnvironmentBlock, readFile: BoundedFile.Reader
    ) -> ConfigurationResult {
        guard let file else { return ConfigurationLoader.fromEnvironment(environment: environment.values) }
        return ConfigurationLoader.load(
            bytes: file.bytes, file: file.name, environment: environment.values, readFile: readFile)
    }
}

extension ConfigurationSource {
    /// Takes what is stored now in the place of what was; a catalogue that this version cannot read leaves the one that is in force.
    mutating func use(_ facts: StoreFacts) {
        self.objects = facts.objects
        guard let record = facts.catalogue else { return self.catalogue = nil }
        if let catalogue = LoadedCatalogue.of(record, known: self.catalogue) { self.catalogue = catalogue }
    }
}
