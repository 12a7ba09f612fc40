import Configuration
import Domain
import Testing

/// `admin`.
@Suite struct AdminDocumentTests {
    private func admin(_ text: String) throws -> GatewayConfiguration {
        let result = Document(text: text).result
        #expect(result.problems.isEmpty)
        return try #require(result.configuration)
    }

    @Test func anAddressOfItsOwn() throws {
        let configuration = try self.admin("admin: {listen: 127.0.0.1:9, swagger_ui: /srv/ui}")
        let own = ListenerSettings(.ipv4(address: [127, 0, 0, 1], port: 9))
        #expect(configuration.admin == AdminSettings(listen: own, swaggerUI: "/srv/ui"))
        #expect(configuration.listeners == GatewayConfiguration.defaultListen + [own])
        #expect(try self.admin("admin: {listen: {address: \"unix:/x\"}}").admin.listen?.address == .unix(path: "/x"))
        let chosen = try self.admin("{listen: [{address: \"127.0.0.1:0\"}], admin: {listen: \"127.0.0.1:0\"}}")
        #expect(chosen.listeners.count == 2)
    }

    @Test func theSameAddresses() throws {
        for text in ["admin: {listen: same}", "admin: {listen: null}", "admin: {}", "admin: null"] {
            #expect(try self.admin(text).admin == AdminSettings())
        }
    }

    @Test func itCountsAmongTheAddresses() {
        let listen = (1...64).map { "{address: \"127.0.0.1:\($0)\"}" }.joined(separator: ", ")
        let problems = Document(text: "{listen: [\(listen)], admin: {listen: \"127.0.0.1:99\"}}").problems
        #expect(problems.contains { $0.contains("at most 64 addresses") })
    }

    /// A file that says what is in force means the same.
    @Test func itIsWrittenAsItIsRead() throws {
        let configuration = try self.admin("admin: {listen: \"[::1]:9\"}")
        let again = try self.admin(EffectiveConfiguration(configuration).yaml)
        #expect(again.admin == configuration.admin)
    }
}
