import Administration
import Cryptography
import Domain
import EventLog

/// Sees to it that a gateway has a token of the administration from its first start on: an owner of everything.
///
/// As with the first key, it is in a file before it is in the database, so that an interrupted start loses nothing.
enum FirstToken {
    /// The name of the token.
    static let name = "first"
    /// Where the token stays when there is no terminal to show it on.
    static let kept = KeyFile(name: "control/owner_token")
    /// Where it waits until it is shown.
    static let unseen = KeyFile(name: "control/first_token")

    /// The token to tell people of. `onTerminal` says whether it can be shown.
    static func prepare(
        in directory: borrowing StateDirectory, store: AdministrationStore, onTerminal: Bool,
        random: (Int) throws(CryptographyError) -> [UInt8] = RandomBytes.make
    ) throws(StartFailure) -> OwnerToken {
        if let secret = try Self.unseen.read(in: directory), try self.isGood(secret, store) {
            guard !onTerminal else { return .unseen(secret) }
            try Self.kept.write(secret, in: directory)
            try Self.unseen.remove(in: directory)
        }
        if let secret = try Self.kept.read(in: directory), try self.isGood(secret, store) {
            return .file(path: directory.path(of: Self.kept.name))
        }
        guard try !Self.asking({ () throws(AdministrationFailure) in try store.hasTokens() }) else { return .stored }
        let secret: Secret
        do throws(CryptographyError) {
            secret = try TokenText.make(random: random)
        } catch {
            throw StartFailure("sluice-control: \(error)")
        }
        let file = onTerminal ? Self.unseen : Self.kept
        try file.write(secret, in: directory)
        guard try self.isGood(secret, store) else {
            throw StartFailure("sluice-control: the first token is not good")
        }
        return onTerminal ? .unseen(secret) : .file(path: directory.path(of: file.name))
    }

    /// Whether the database has this token and it is not revoked. Where there is no token at all yet, this becomes the first.
    private static func isGood(
        _ secret: Secret, _ store: AdministrationStore
    ) throws(StartFailure) -> Bool {
        try Self.asking { () throws(AdministrationFailure) in
            if let record = try store.token(secret: secret) { return record.revoked == nil }
            guard try !store.hasTokens() else { return false }
            let new = AdministrationStore.NewToken(name: Self.name, role: .owner)
            _ = try store.createToken(new, from: .gateway, secret: secret)
            return true
        }
    }

    private static func asking(_ body: () throws(AdministrationFailure) -> Bool) throws(StartFailure) -> Bool {
        do throws(AdministrationFailure) {
            return try body()
        } catch {
            throw StartFailure(error.message, code: ControlExitCode.stateDamaged)
        }
    }
}
