import Administration
import Cryptography
import Domain
import EventLog
import Testing

@testable import ControlPlane

@Suite struct FirstTokenTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        self.folder = try TemporaryFolder()
        self.path = "\(self.folder.path)/state"
        _ = try StateDirectory(path: self.path)
    }

    private func token(onTerminal: Bool = false, random byte: UInt8 = 0xFB) throws(StartFailure) -> OwnerToken {
        try FirstToken.prepare(
            in: StateDirectory(path: self.path), store: AdministrationStore(stateDirectory: self.path),
            onTerminal: onTerminal
        ) { count throws(CryptographyError) in [UInt8](repeating: byte, count: count) }
    }

    private func actor(_ text: some Sequence<UInt8>) throws -> AdministrationActor {
        let store = try AdministrationStore(stateDirectory: self.path)
        return try TokenAuthenticator(store: store).actor(bearing: Secret(Array(text)))
    }

    @Test func withoutATerminalATokenIsMadeOnceAndKept() throws {
        let file = "\(self.path)/control/owner_token"
        #expect(try self.token() == .file(path: file))
        let bytes = try #require(self.folder.read("state/control/owner_token"))
        #expect(String(decoding: bytes, as: UTF8.self).hasPrefix("sluice-admin-") && bytes.last == 0x0A)
        #expect(self.folder.mode("state/control/owner_token") == 0o600)
        guard case .token(_, "first", .owner, nil) = try self.actor(bytes.dropLast()) else {
            Issue.record("no owner of everything")
            return
        }
        // The next start finds it, on a terminal too.
        #expect(try self.token(random: 1) == .file(path: file))
        #expect(try self.token(onTerminal: true, random: 1) == .file(path: file))
        #expect(self.folder.read("state/control/owner_token") == bytes)
        // Whoever has taken it away knows it.
        try FirstToken.kept.remove(in: StateDirectory(path: self.path))
        #expect(try self.token(random: 1) == .stored)
    }

    @Test func onATerminalItWaitsUntilItIsShown() throws {
        guard case .unseen(let secret) = try self.token(onTerminal: true) else {
            Issue.record("no token to show")
            return
        }
        #expect(self.folder.mode("state/control/first_token") == 0o600)
        #expect(self.folder.mode("state/control/owner_token") == nil)
        #expect(try self.token(onTerminal: true, random: 1) == .unseen(secret))
        // Where there is no terminal any more it is kept.
        #expect(try self.token(random: 1) == .file(path: "\(self.path)/control/owner_token"))
        #expect(self.folder.mode("state/control/first_token") == nil)
        guard case .token(_, _, .owner, nil) = try self.actor(secret.withBytes { $0 }) else {
            Issue.record("another token")
            return
        }
    }
}
