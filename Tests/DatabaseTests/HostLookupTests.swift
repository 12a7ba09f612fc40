import DatabaseTestSupport
import Domain
import Synchronization
import Testing

@testable import Database

@Suite struct HostLookupTests {
    /// A resolver that says nothing until it is let go, and counts how often it is asked.
    private final class Resolver: Sendable {
        private let isGone = Atomic<Bool>(true)
        let calls = Atomic<Int>(0)

        func letGo() { self.isGone.store(false, ordering: .releasing) }

        func answer(_ name: String) -> Result<[String], HostLookup.Failure> {
            self.calls.add(1, ordering: .relaxed)
            while self.isGone.load(ordering: .acquiring) { PostgresTiming.system.sleep(1) }
            return name == "known" ? .success(["192.0.2.1"]) : .failure(HostLookup.Failure(description: "unknown"))
        }
    }

    @Test func aDeadResolverHoldsNobody() throws {
        let resolver = Resolver()
        let hosts = HostLookup { resolver.answer($0) }
        let clock = ContinuousClock()
        let began = clock.now
        for _ in 0..<3 {
            let failure = #expect(throws: HostLookup.Failure.self) {
                try hosts.addresses(of: "known", milliseconds: 30)
            }
            #expect(failure?.description == "the resolver says nothing")
        }
        #expect(clock.now - began >= .milliseconds(90))
        // One thread hangs in it, not three.
        #expect(resolver.calls.load(ordering: .relaxed) == 1)
        resolver.letGo()
        #expect(try hosts.addresses(of: "known", milliseconds: 30_000) == ["192.0.2.1"])
        let unknown = #expect(throws: HostLookup.Failure.self) {
            try hosts.addresses(of: "other", milliseconds: 30_000)
        }
        #expect(unknown?.description == "unknown")
    }

    @Test func connectingToANameKeepsItsTime() throws {
        let resolver = Resolver()
        defer { resolver.letGo() }
        let address = PostgresAddress(host: "database.invalid", database: "d", user: "u", connectTimeout: 1)
        let connection = PostgresConnection(
            PostgresOptions(address: address, schema: "s"), timing: .system,
            hosts: HostLookup { resolver.answer($0) })
        let clock = ContinuousClock()
        let began = clock.now
        let error = #expect(throws: DatabaseError.self) { try connection.open() }
        #expect(clock.now - began < .seconds(10))
        #expect(error?.code == .postgres(.cannotConnect) && error?.isRetryable == true)
        #expect(error?.description.contains("the resolver says nothing") == true)
    }

    @Test func addressesNeedNoResolver() {
        for host in ["127.0.0.1", "::1", "fe80::1%eth0", "192.0.2.255"] { #expect(HostLookup.isAddress(host)) }
        for host in ["localhost", "db", "1.2.3", "127.0.0.1.example", "256.0.0.1"] {
            #expect(!HostLookup.isAddress(host))
        }
    }

    @Test func theMachineKnowsItself() throws {
        let addresses = try HostLookup.shared.addresses(of: "localhost", milliseconds: 30_000)
        #expect(addresses.contains("127.0.0.1") || addresses.contains("::1"))
        #expect(Set(addresses).count == addresses.count)
    }

    /// All addresses of a name are tried, under its name.
    @Test(.enabled(if: TestPostgres.isPresent, "\(TestPostgres.advice)"))
    func theServerIsFoundBehindAName() throws {
        let server = try TestPostgres()
        var options = server.options()
        let place = options.address.host
        guard !options.address.isLocal else { return }
        options.address.host = "database.invalid"
        let connection = PostgresConnection(
            options, timing: .system, hosts: HostLookup { _ in .success(["127.0.0.9", place]) })
        #expect(try connection.integer("SELECT 1") == 1)
    }
}
