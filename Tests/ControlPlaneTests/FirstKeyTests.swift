import Configuration
import Domain
import Glibc
import Logging
import Testing

@testable import ControlPlane

@Suite struct StaticKeyFileTests {
    private let folder: TemporaryFolder
    private let path: String

    init() throws {
        self.folder = try TemporaryFolder()
        self.path = "\(self.folder.path)/state"
        _ = try StateDirectory(path: self.path)
    }

    private func key(_ configuration: GatewayConfiguration, random byte: UInt8 = 0xFB) throws(StartFailure)
        -> StaticKey?
    {
        try PreparedGateway.staticKey(configuration, StateDirectory(path: self.path)) { count throws(StartFailure) in
            [UInt8](repeating: byte, count: count)
        }
    }

    private func failure() -> StartFailure? {
        do throws(StartFailure) {
            _ = try self.key(GatewayConfiguration())
            return nil
        } catch {
            return error
        }
    }

    @Test func aKeyIsMadeOnceAndKept() throws {
        let old = umask(0)
        defer { umask(old) }
        let made = try #require(try self.key(GatewayConfiguration()))
        let text = made.secret.withBytes { String(decoding: $0, as: UTF8.self) }
        #expect(text.hasPrefix("sk-sl-"))
        // 256 bits need 43 digits of 6 bits.
        #expect(text.utf8.count == 6 + 43)
        #expect(made.origin == .file(path: "\(self.path)/static_key"))
        #expect(self.folder.mode("state/static_key") == 0o600)
        #expect(self.folder.read("state/static_key") == Array(text.utf8) + [0x0A])
        #expect(self.folder.mode("state/static_key.new") == nil)
        #expect(try self.key(GatewayConfiguration(), random: 1) == made)
    }

    @Test func theConfiguredKeyWinsAndLeavesNoFile() throws {
        let secret = Secret(Array("a-configured-key-1".utf8))
        let key = try self.key(GatewayConfiguration(auth: AuthSettings(staticKey: secret)))
        #expect(key == StaticKey(secret: secret, origin: .configuration))
        #expect(self.folder.mode("state/static_key") == nil)
    }

    @Test func optionalKeysMakeNoneButTakeWhatIsThere() throws {
        let optional = GatewayConfiguration(auth: AuthSettings(keys: .optional))
        #expect(try self.key(optional) == nil)
        #expect(self.folder.mode("state/static_key") == nil)
        try self.folder.write("state/static_key", Array("0123456789abcdef".utf8))
        #expect(try self.key(optional)?.secret == Secret(Array("0123456789abcdef".utf8)))
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
        #expect(try self.key(GatewayConfiguration()) != nil)
        #expect(self.folder.mode("state/static_key.new") == nil)
    }

    @Test(arguments: [
        ("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("foob", "Zm9vYg"), ("fooba", "Zm9vYmE"),
        ("foobar", "Zm9vYmFy"),
    ])
    func base64(_ plain: String, _ encoded: String) {
        #expect(Base64URL.encode(Array(plain.utf8)) == Array(encoded.utf8))
    }

    @Test func base64IsSafeInAHeader() {
        #expect(Base64URL.encode([0xFB, 0xFF, 0xFE]) == Array("-__-".utf8))
    }
}
