import Domain
import EventLog
import Glibc
import Testing

@testable import Administration

@Suite struct MasterKeyTests {
    private static let bytes = [0xFB, 0xFF] + (0..<30).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 200) }

    private func key(_ text: String) -> [UInt8]? { MasterKey(text: text.utf8)?.secret.withBytes { $0 } }

    @Test func everyWayToWrite32Bytes() {
        let hexadecimal = Self.bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
        #expect(self.key(hexadecimal) == Self.bytes)
        #expect(self.key(hexadecimal.uppercased()) == Self.bytes)
        let base64 = String(decoding: Base64URL.encode(Self.bytes), as: UTF8.self)
        #expect(self.key(base64) == Self.bytes)
        #expect(self.key(base64 + "=") == Self.bytes)
        let common = base64.replacing("-", with: "+").replacing("_", with: "/")
        #expect(common != base64)
        #expect(self.key(common + "=") == Self.bytes)
        #expect(self.key(common) == Self.bytes)
    }

    @Test func nothingElseIsAKey() {
        let base64 = String(decoding: Base64URL.encode(Self.bytes), as: UTF8.self)
        let hexadecimal = String(repeating: "ab", count: 32)
        for text in [
            "", "password", " " + hexadecimal, hexadecimal + "\n", String(hexadecimal.dropLast()), hexadecimal + "ab",
            String(hexadecimal.dropLast()) + "g", base64 + "==", String(base64.dropLast()), base64 + "A",
            String(repeating: "A", count: 42) + "B",
            String(repeating: "+", count: 21) + String(repeating: "-", count: 22),
            "0x" + String(hexadecimal.dropLast(2)),
        ] { #expect(self.key(text) == nil, "\(text)") }
    }

    @Test func base64OfAnyLength() {
        for count in 0...40 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 91) }
            #expect(Base64URL.decode(Base64URL.encode(bytes)) == bytes)
        }
        #expect(Base64URL.decode(Array("TQ==".utf8)) == [77])
        #expect(Base64URL.decode(Array("TQ=".utf8)) == nil)
        #expect(Base64URL.decode(Array("TR==".utf8)) == nil)
        #expect(Base64URL.decode(Array("=TQ=".utf8)) == nil)
    }

    @Test func theFileIsMadeOnceAndOnlyForUs() throws {
        let folder = try TemporaryFolder()
        let source = try MasterKeySource(stateDirectory: folder.path, environment: { _ in nil })
        #expect(try source.candidates().isEmpty)
        let first = try source.first()
        #expect(try source.first() == first)
        #expect(try source.candidates() == [first])
        var info = stat()
        #expect(unsafe stat("\(folder.path)/control/master_key", &info) == 0 && info.st_mode & 0o777 == 0o600)
        #expect(unsafe chmod("\(folder.path)/control/master_key", 0o640) == 0)
        #expect(throws: StartFailure.self) { try source.candidates() }
    }

    @Test func theVariableCountsAlone() throws {
        let folder = try TemporaryFolder()
        _ = try MasterKeySource(stateDirectory: folder.path, environment: { _ in nil }).first()
        let given = String(repeating: "ab", count: 32)
        let source = try MasterKeySource(stateDirectory: folder.path) { $0 == "SLUICE_MASTER_KEY" ? given : nil }
        #expect(try source.candidates().map(\.origin) == [.variable])
        #expect(try source.first().origin == .variable)
        #expect(source.isGiven)
        let failure = #expect(throws: StartFailure.self) {
            try MasterKeySource(stateDirectory: folder.path) { $0 == "SLUICE_MASTER_KEY" ? "short" : nil }
        }
        #expect(failure?.code == ControlExitCode.configuration)
        #expect(failure?.message.contains("SLUICE_MASTER_KEY must be 32 bytes") == true)
        #expect(failure?.message.contains("short") == false)
    }
}
