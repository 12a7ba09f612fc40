import Administration
import Configuration
import Cryptography
import Domain
import EventLog

/// Sees to it that a gateway which needs keys has one from its first start on.
///
/// The key is in a file before it is in the database, so that an interrupted start loses nothing: the next one finds it. A file
/// of an earlier version, whose key was good without any database, is taken over the same way.
enum FirstKey {
    /// The name of the key.
    static let name = "first"

    /// The key to tell people of. `onTerminal` says whether it can be shown.
    static func prepare(
        _ configuration: GatewayConfiguration, in directory: borrowing StateDirectory, store: AdministrationStore,
        onTerminal: Bool, random: (Int) throws(CryptographyError) -> [UInt8] = RandomBytes.make
    ) throws(StartFailure) -> ClientKey {
        guard configuration.auth.staticKey == nil else { return .configuration }
        if let secret = try KeyFile.unseen.read(in: directory), try self.isGood(secret, store) {
            guard !onTerminal else { return .unseen(secret) }
            try KeyFile.kept.write(secret, in: directory)
            try KeyFile.unseen.remove(in: directory)
        }
        if let secret = try KeyFile.kept.read(in: directory), try self.isGood(secret, store) {
            return .file(path: directory.path(of: KeyFile.kept.name))
        }
        guard configuration.auth.keys == .required else { return .notNeeded }
        guard try !self.hasKeys(store) else { return .stored }
        let secret: Secret
        do throws(CryptographyError) {
            secret = try KeyText.make(random: random)
        } catch {
            throw StartFailure("sluice-control: \(error)")
        }
        let file = onTerminal ? KeyFile.unseen : KeyFile.kept
        try file.write(secret, in: directory)
        guard try self.isGood(secret, store) else { throw StartFailure("sluice-control: the first key is not good") }
        return onTerminal ? .unseen(secret) : .file(path: directory.path(of: file.name))
    }

    /// Whether the database has this key and it is not revoked. Where there is no key at all yet, this becomes the first.
    private static func isGood(_ secret: Secret, _ store: AdministrationStore) throws(StartFailure) -> Bool {
        do throws(AdministrationFailure) {
            if let record = try store.key(secret: secret) { return record.revoked == nil }
            guard try !store.hasKeys() else { return false }
            _ = try store.createKey(AdministrationStore.NewKey(name: Self.name), secret: secret)
            return true
        } catch {
            throw StartFailure(error.message, code: ControlExitCode.stateDamaged)
        }
    }

    private static func hasKeys(_ store: AdministrationStore) throws(StartFailure) -> Bool {
        do throws(AdministrationFailure) {
            return try store.hasKeys()
        } catch {
            throw StartFailure(error.message, code: ControlExitCode.stateDamaged)
        }
    }
}
