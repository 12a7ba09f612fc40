import Domain
import Glibc
import IPC
import Platform
import Testing

@testable import Supervisor

@Suite struct LinkPartsTests {
    /// What a descriptor stands for.
    private struct File: Equatable {
        var inode: UInt64
        var size: Int

        init(_ number: Int32) throws {
            var info = stat()
            try #require(unsafe fstat(number, &info) == 0)
            self.inode = UInt64(info.st_ino)
            self.size = Int(info.st_size)
        }
    }

    @Test(arguments: [(Role.edge, Role.upstream), (.upstream, .edge)])
    func anEdgeAndAnUpstreamShareMemory(a: Role, b: Role) throws {
        let parts = try LinkParts(between: a, and: b)
        defer { withExtendedLifetime(parts) {} }
        #expect(parts.areaFailure == nil)
        let (first, second) = (parts.first, parts.second)
        try #require(first.count == 2 && second.count == 2)
        #expect(first[0] != second[0])
        let (one, other) = (try File(first[1]), try File(second[1]))
        #expect(one == other)
        #expect(one.size == WireLimits.bodyArea)
        #expect(ftruncate(first[1], 0) == -1)
    }

    @Test(arguments: [
        (Role.edge, Role.aggregator), (.upstream, .aggregator), (.edge, .control), (.control, .edge),
        (.aggregator, .upstream),
    ])
    func nobodyElseDoes(a: Role, b: Role) throws {
        let parts = try LinkParts(between: a, and: b)
        #expect(parts.first.count == 1 && parts.second.count == 1)
        #expect(parts.areaFailure == nil)
    }

    @Test func eachLinkHasItsOwn() throws {
        let one = try LinkParts(between: .edge, and: .upstream)
        let other = try LinkParts(between: .edge, and: .upstream)
        defer { withExtendedLifetime((one, other)) {} }
        let (mine, yours) = (try File(one.first[1]), try File(other.first[1]))
        #expect(mine != yours)
    }
}
