import Administration
import Configuration
import Cryptography
import Domain
import EventLog
import Testing

@testable import ControlPlane

@Suite struct FirstKeyTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        self.folder = try TemporaryFolder()
        self.path = "\(self.folder.path)/state"
        _ = try StateDirectory(path: self.path)
    }

    private func key(
        _ configuration: GatewayConfiguration = GatewayConfiguration(), onTerminal: Bool = false,
        random byte: UInt8 = 0xFB
    ) throws(StartFailure) -> ClientKey {
        try FirstKey.prepare(
            configuration, in: StateDirectory(path: self.path), store: AdministrationStore(stateDirectory: self.path),
            onTerminal: onTerminal
        ) { count throws(CryptographyError) in [UInt8](repeating: byte, count: count) }
    }

    private func failure() -> StartFailure? {
        do throws(StartFailure) {
            _ = try self.key()
            return nil
        } catch {
            return error
        }
    }

    private func names() throws -> [String] {
        try AdministrationStore(stateDirectory: self.path).keys(limit: 10).map(\.name)
    }

    @Test func withoutATerminalAKeyIsMadeOnceAndKept() throws {
        #expect(try self.key() == .file(path: "\(self.path)/static_key"))
        let bytes = try #require(self.folder.read("state/static_key"))
        let text = String(decoding: bytes.dropLast(), as: UTF8.self)
        #expect(text.hasPrefix("sk-sl-"))
        // 256 bits need 43 digits of 6 bits.
        #expect(text.utf8.count == 6 + 43)
        #expect(bytes.last == 0x0A)
        #expect(self.folder.mode("state/static_key") == 0o600)
        #expect(self.folder.mode("state/static_key.new") == nil)
        #expect(try self.names() == ["first"])
        // The next start finds it, on a terminal too.
        #expect(try self.key(random: 1) == .file(path: "\(self.path)/static_key"))
        #expect(try self.key(onTerminal: true) == .file(path: "\(self.path)/static_key"))
        #expect(try self.names() == ["first"])
        #expect(self.folder.read("state/static_key") == bytes)
    }

    @Test func onATerminalItWaitsUntilItIsShown() throws {
        guard case .unseen(let secret) = try self.key(onTerminal: true) else {
            Issue.record("no key to show")
            return
        }
        #expect(self.folder.mode("state/static_key") == nil)
        #expect(self.folder.mode("state/first_key") == 0o600)
        // The start was interrupted before it was shown.
        #expect(try self.key(onTerminal: true, random: 1) == .unseen(secret))
        // It was shown: only the digest is left.
        try KeyFile.unseen.remove(in: try StateDirectory(path: self.path))
        #expect(try self.key(onTerminal: true) == .stored)
        #expect(try self.key() == .stored)
        #expect(try self.names() == ["first"])
    }

    @Test func aKeyNobodyHasSeenIsKeptWhereThereIsNoTerminal() throws {
        guard case .unseen(let secret) = try self.key(onTerminal: true) else {
            Issue.record("no key to show")
            return
        }
        #expect(try self.key() == .file(path: "\(self.path)/static_key"))
        #expect(self.folder.read("state/static_key") == secret.withBytes { $0 + [0x0A] })
        #expect(self.folder.mode("state/first_key") == nil)
    }

    @Test func aRevokedFirstKeyIsNotPraised() throws {
        _ = try self.key()
        let store = try AdministrationStore(stateDirectory: self.path)
        _ = try store.revokeKey(store.keys(limit: 1)[0].id)
        #expect(try self.key() == .stored)
    }

    @Test func theConfiguredKeyWinsAndLeavesNoFile() throws {
        let secret = Secret(Array("a-configured-key-1".utf8))
        #expect(try self.key(GatewayConfiguration(auth: AuthSettings(staticKey: secret))) == .configuration)
        #expect(self.folder.mode("state/static_key") == nil)
        #expect(try self.names() == [])
    }

    @Test func optionalKeysMakeNoneButTakeWhatIsThere() throws {
        let optional = GatewayConfiguration(auth: AuthSettings(keys: .optional))
        #expect(try self.key(optional) == .notNeeded)
        #expect(self.folder.mode("state/static_key") == nil)
        // A key that an earlier version had made.
        try self.folder.write("state/static_key", Array("0123456789abcdef".utf8))
        #expect(try self.key(optional) == .file(path: "\(self.path)/static_key"))
        #expect(try self.names() == ["first"])
        let store = try AdministrationStore(stateDirectory: self.path)
        let record = try store.key(secret: Secret(Array("0123456789abcdef".utf8)))
        #expect(record?.shown == "")
    }

    @Test(arguments: ["", "short", "has a blank in it, so no key", "0123456789abcdef\n\n", "0123456789abcdef\r\n"])
    func aDamagedFileIsNamedAndLeftAlone(_ text: String) throws {
        try self.folder.write("state/static_key", Array(text.utf8))
        let failure = self.failure()
        #expect(failure?.code == 74)
        #expect(failure?.message.hasPrefix("\(self.path)/static_key is damaged") == true)
        #expect(self.folder.read("state/static_key") == Array(text.utf8))
    }

    @Test func anEndlessFileIsNotRead() throws {
        try self.folder.write("state/static_key", [UInt8](repeating: 0x61, count: 2000))
        #expect(self.failure()?.code == 74)
    }

    @Test func aFileOthersCanReadIsRefused() throws {
        try self.folder.write("state/static_key", Array("0123456789abcdef".utf8), mode: 0o644)
        let failure = self.failure()
        #expect(failure?.code == 77)
        #expect(failure?.message.contains("0123456789abcdef") == false)
    }

    @Test func whatAnInterruptedStartLeftIsCleared() throws {
        try self.folder.write("state/static_key.new", Array("half".utf8))
        #expect(try self.key() == .file(path: "\(self.path)/static_key"))
        #expect(self.folder.mode("state/static_key.new") == nil)
    }
}
