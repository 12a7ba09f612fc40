import Cryptography
public import EventLog

/// Where a gateway's master key is from, and the keys that it could be.
///
/// `SLUICE_MASTER_KEY` counts alone where it is set; else the file in the state folder does, which the first start makes. A rotation
/// leaves two keys for a while: the one it changes from and the one it changes to (`SLUICE_NEW_MASTER_KEY`, or a second file). Which of
/// them is in force is what the database was sealed with.
public struct MasterKeySource: Sendable {
    /// The variable with the key in force.
    public static let variable = "SLUICE_MASTER_KEY"
    /// The variable with the key that a rotation changes to.
    public static let nextVariable = "SLUICE_NEW_MASTER_KEY"

    /// How long the former key is kept after a rotation: copies of what it sealed are made anew within seconds.
    private static let formerSeconds = 600

    /// One key, and what to call the place that it is from.
    struct Candidate: Hashable, Sendable {
        enum Origin: Hashable, Sendable {
            case variable, nextVariable, file, nextFile, formerFile
        }

        var origin: Origin
        var key: MasterKey
    }

    /// Absolute.
    let stateDirectory: String
    private let given: MasterKey?
    /// What a rotation changes to; nil where it makes a key of its own.
    let next: MasterKey?

    /// Takes what the two variables say; empty is as good as not set. Throws where one of them is no key.
    public init(
        stateDirectory: String, environment: (_ name: String) -> String?
    ) throws(StartFailure) {
        self.stateDirectory = stateDirectory
        self.given = try Self.key(Self.variable, environment)
        self.next = try Self.key(Self.nextVariable, environment)
    }

    /// Whether the key comes from the environment, so that the gateway does not keep it anywhere.
    public var isGiven: Bool { self.given != nil }

    /// The keys there are, the most likely first; none at a first start without the variable.
    func candidates() throws(StartFailure) -> [Candidate] {
        var candidates: [Candidate] = []
        if let given { candidates.append(Candidate(origin: .variable, key: given)) }
        if given == nil {
            let directory = try StateDirectory(path: self.stateDirectory)
            if let key = try MasterKeyFile.current.read(in: directory) {
                candidates.append(Candidate(origin: .file, key: key))
            }
            if let key = try MasterKeyFile.next.read(in: directory) {
                candidates.append(Candidate(origin: .nextFile, key: key))
            }
        }
        if let next { candidates.append(Candidate(origin: .nextVariable, key: next)) }
        if given == nil {
            let directory = try StateDirectory(path: self.stateDirectory)
            if let key = try MasterKeyFile.former.read(in: directory) {
                candidates.append(Candidate(origin: .formerFile, key: key))
            }
        }
        return candidates
    }

    /// The key for a database that has none yet. Without the variable it is made, and in its file before anything is sealed with it.
    func first(random: (Int) throws(CryptographyError) -> [UInt8] = RandomBytes.make) throws(StartFailure) -> Candidate
    {
        if let given { return Candidate(origin: .variable, key: given) }
        let directory = try StateDirectory(path: self.stateDirectory)
        if let key = try MasterKeyFile.current.read(in: directory) { return Candidate(origin: .file, key: key) }
        let key: MasterKey
        do throws(CryptographyError) { key = try MasterKey.make(random: random) } catch {
            throw StartFailure("sluice-control: \(error)")
        }
        try MasterKeyFile.current.write(key, in: directory)
        return Candidate(origin: .file, key: key)
    }

    /// The key that a rotation changes to. One that is made is in its file before anything is sealed with it.
    func successor(
        of former: Candidate, random: (Int) throws(CryptographyError) -> [UInt8]
    ) throws(StartFailure) -> Candidate {
        if let next {
            guard next != former.key else {
                throw StartFailure(
                    "the key in \(Self.nextVariable) is the master key already: make it \(Self.variable) and take the other away",
                    code: ControlExitCode.configuration)
            }
            return Candidate(origin: .nextVariable, key: next)
        }
        guard self.given == nil else {
            throw StartFailure(
                "the master key is in \(Self.variable): put the new one (`openssl rand -hex 32`) into \(Self.nextVariable) beside it",
                code: ControlExitCode.configuration)
        }
        let directory = try StateDirectory(path: self.stateDirectory)
        // One that is there may be what a database is sealed with already, or is about to be: it is never overwritten.
        if let key = try MasterKeyFile.next.read(in: directory), key != former.key {
            return Candidate(origin: .nextFile, key: key)
        }
        let key: MasterKey
        do throws(CryptographyError) { key = try MasterKey.make(random: random) } catch {
            throw StartFailure("sluice-control: \(error)")
        }
        try MasterKeyFile.next.write(key, in: directory)
        return Candidate(origin: .nextFile, key: key)
    }

    /// Brings the files in order once it is known which key is in force: what a rotation left over goes, or takes its place. `former` is
    /// the key that it has just been changed from.
    func settle(_ inForce: Candidate, instead former: Candidate? = nil) throws(StartFailure) {
        guard self.given == nil else { return }
        let directory = try StateDirectory(path: self.stateDirectory)
        switch inForce.origin {
        case .file:
            // A commit whose answer was lost may still come.
            if let age = try MasterKeyFile.next.age(in: directory), age > Self.formerSeconds {
                try MasterKeyFile.next.remove(in: directory)
            }
            if let age = try MasterKeyFile.former.age(in: directory), age > Self.formerSeconds {
                try MasterKeyFile.former.remove(in: directory)
            }
        case .nextFile:
            if let key = try MasterKeyFile.current.read(in: directory) {
                try MasterKeyFile.former.write(key, in: directory)
            }
            try MasterKeyFile.next.replace(MasterKeyFile.current, in: directory)
        case .variable, .formerFile: break
        case .nextVariable:
            // It opens nothing in the database any more.
            guard former?.origin == .file, let key = former?.key else { return }
            try MasterKeyFile.former.write(key, in: directory)
            try MasterKeyFile.current.remove(in: directory)
        }
    }

    /// The file that the key is in where it is not in the environment.
    var path: String { "\(self.stateDirectory)/\(MasterKeyFile.current.name)" }

    /// How the master key is called in a sentence: the variable, or the path of the file.
    public var name: String {
        self.given == nil ? self.path : Self.variable
    }

    private static func key(
        _ name: String, _ environment: (String) -> String?
    ) throws(StartFailure) -> MasterKey? {
        guard let text = environment(name), !text.utf8.isEmpty else { return nil }
        guard let key = MasterKey(text: text.utf8) else {
            throw StartFailure(
                "\(name) must be 32 bytes, as 64 hexadecimal digits or in base 64 (`openssl rand -hex 32` makes one)",
                code: ControlExitCode.configuration)
        }
        return key
    }
}
