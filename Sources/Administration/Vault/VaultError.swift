import Cryptography
public import Database
public import EventLog

/// Why the vault could not be used. One sentence, without any secret.
public enum VaultError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The database was sealed with a master key that is not at hand; the sentence says what was tried.
    case wrongMasterKey(String)
    /// The vault has not seen its database yet, so it does not know the pepper, or which key is in force.
    case locked
    /// Sealed bytes cannot be opened though the master key is right: they were changed, or are another row's.
    case damaged(String)
    /// Memory or the installation is at fault.
    case failed(String)
    /// The environment or a file of the state folder is not as it should be.
    case start(StartFailure)
    case database(DatabaseError)

    public var description: String {
        switch self {
        case .wrongMasterKey(let message), .damaged(let message), .failed(let message): message
        case .locked: "the secrets of the gateway are not open yet: its database could not be read since the start"
        case .start(let failure): failure.message
        case .database(let error): "control database: \(error)"
        }
    }

    /// For a start that cannot do without the vault.
    public var startFailure: StartFailure {
        switch self {
        case .start(let failure): failure
        case .wrongMasterKey: StartFailure(self.description, code: ControlExitCode.configuration)
        case .database, .damaged: StartFailure(self.description, code: ControlExitCode.stateDamaged)
        case .locked, .failed: StartFailure("sluice-control: \(self.description)")
        }
    }
}

extension AdministrationFailure {
    /// 503 with the code `vault_locked` where the master key is at fault, as for a database that is away else.
    public init(_ error: VaultError) {
        switch error {
        case .database(let error): self.init(error)
        case .locked: self.init(status: 503, code: "vault_locked", message: error.description)
        case .wrongMasterKey, .start:
            self.init(
                status: 503, code: "vault_locked",
                message: "the secrets of the gateway cannot be opened: the log of control says why",
                detail: error.description)
        case .damaged:
            self.init(
                status: 503, code: "storage_failed",
                message: "something sealed in the control database is damaged: the log of control says what",
                detail: error.description)
        case .failed: self.init(status: 500, code: "internal_error", message: error.description)
        }
    }
}
