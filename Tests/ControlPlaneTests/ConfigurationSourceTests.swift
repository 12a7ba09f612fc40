import Configuration
import Domain
import Testing

@testable import ControlPlane

@Suite struct ConfigurationSourceTests {
    private static let text = """
        auth: {static_key: "${file:/secrets/key}"}
        providers:
          p: {dialect: openai, base_url: "https://p.example/v1", api_key: "${KEY}"}
        """
    private let environment = EnvironmentBlock(bytes: Array("KEY=provider-key\0EMPTY=\0HOME=/root\0".utf8))

    private func read(_ text: String? = ConfigurationSourceTests.text) -> (
        source: ConfigurationSource, result: ConfigurationResult
    ) {
        ConfigurationSource.read(
            version: 3, file: text.map { ConfigurationSource.File(name: "/etc/s.yaml", bytes: Array($0.utf8)) },
            environment: self.environment, workingDirectory: "/w"
        ) { path, _ throws(BoundedFile.Failure) in
            guard path == "/secrets/key" else { throw BoundedFile.Failure(reason: "no such file") }
            return Array("the-static-key-of-a-file\n".utf8)
        }
    }

    @Test func theSameResultComesBackWithoutAnyFile() throws {
        var (source, result) = self.read()
        #expect(result.problems.map(\.description) == [])
        #expect(result.configuration?.auth.staticKey != nil)
        source.staticKey = result.configuration?.auth.staticKey
        let decoded = try #require(ConfigurationSource(decoding: source.encoded()))
        #expect(decoded == source)
        #expect(decoded.result() == result)
        #expect(decoded.version == 3)
    }

    @Test func theEnvironmentAloneComesBackToo() throws {
        let (source, result) = self.read(nil)
        #expect(source.file == nil)
        #expect(result.configuration?.providers.isEmpty == false)
        let decoded = try #require(ConfigurationSource(decoding: source.encoded()))
        #expect(decoded == source)
        #expect(decoded.result() == result)
    }

    @Test func aFileThatCouldNotBeReadStaysUnreadable() throws {
        let (source, result) = self.read("auth: {static_key: \"${file:/secrets/other}\"}")
        #expect(!result.problems.isEmpty)
        let decoded = try #require(ConfigurationSource(decoding: source.encoded()))
        #expect(decoded.result() == result)
    }

    @Test func noPrefixOfItIsTaken() {
        let bytes = self.read().source.encoded()
        for count in 0..<bytes.count {
            #expect(ConfigurationSource(decoding: Array(bytes.prefix(count))) == nil, "\(count)")
        }
        #expect(ConfigurationSource(decoding: bytes + [0]) == nil)
    }

    @Test func changedBytesNeverTrap() {
        let bytes = self.read().source.encoded()
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 0xFF
            // Whatever it is taken for, reading it as a configuration has to end.
            _ = ConfigurationSource(decoding: changed)?.result()
        }
        var other = bytes
        other[0] ^= 1
        #expect(ConfigurationSource(decoding: other) == nil)
    }
}
