import Database
import DatabaseTestSupport
import Domain
import EventLog
import Testing

@testable import Administration

/// The catalogue in both databases, and in one that two hosts share.
@Suite(.serialized) struct CatalogueStoreTests {
    private static var products: [DatabaseProduct] { TestPostgres.isPresent ? [.sqlite, .postgres] : [.sqlite] }

    private func record(_ digest: UInt8, source: String = "prices.json", tag: String? = nil, at time: UInt64 = 1000)
        -> CatalogueRecord
    {
        CatalogueRecord(
            .init(
                digest: [UInt8](repeating: digest, count: 32), models: 3, source: source, notes: Array("{}".utf8),
                read: time,
                checked: time, tag: tag), body: [0, 0xFF, digest])
    }

    @Test(arguments: products) func whatWaitsIsAppliedAndWrittenDown(_ product: DatabaseProduct) throws {
        let folder = try TemporaryFolder()
        let server = product == .postgres ? try TestPostgres() : nil
        let key = String(repeating: "5a", count: 32)
        let source = try AdministrationSource(
            stateDirectory: folder.path, server: server?.address,
            environment: { $0 == MasterKeySource.variable ? key : nil })
        let store = try source.open()
        #expect(try store.catalogue() == nil && store.catalogueCandidate() == nil)
        #expect(try store.facts().catalogue == nil)
        let objects = try store.objectsNumber()

        // What is read changes nothing that is in force.
        let first = self.record(1, tag: "\"a\"")
        try store.keep(candidate: first)
        #expect(try store.catalogueCandidate() == first && store.catalogue() == nil)
        #expect(try store.objectsNumber() == objects)
        let later = self.record(1, tag: "\"b\"", at: 5000)
        try store.keep(candidate: later)
        let kept = try #require(try store.catalogueHeads().candidate)
        #expect(kept.read == 1000 && kept.checked == 5000 && kept.tag == "\"b\"")
        try store.checked(candidate: kept, tag: "\"c\"")
        #expect(try store.catalogueHeads().candidate?.tag == "\"c\"")
        try store.checked(candidate: self.record(9).head, tag: "\"d\"")
        #expect(try store.catalogueHeads().candidate?.tag == "\"c\"")

        let number = try store.changeCatalogue(from: .person) { inForce, candidate in
            #expect(inForce == nil)
            return candidate.map { .put($0, before: nil, after: Array(#"{"models":3}"#.utf8)) } ?? .leave
        }
        #expect(number == objects + 1)
        let inForce = try #require(try store.facts().catalogue)
        #expect(inForce.body == first.body && inForce.head.digest == first.head.digest)
        #expect(inForce.head.applied != nil && inForce.head.actorName == "operator")
        // Another connection, another host: the same.
        let other = try source.open()
        #expect(try other.facts() == store.facts())

        // The next one; the models are those of the digest, also for a store that has seen the one before.
        try other.keep(candidate: self.record(2))
        #expect(try store.catalogueCandidate()?.body == [0, 0xFF, 2])
        _ = try other.changeCatalogue(from: .gateway) { _, candidate in
            candidate.map { .put($0, before: Array("{}".utf8), after: Array(#"{"models":4}"#.utf8)) } ?? .leave
        }
        #expect(try store.catalogue()?.body == [0, 0xFF, 2])
        #expect(try store.facts().objects.number == objects + 2)

        #expect(try store.changeCatalogue(from: .person) { _, _ in .leave } == nil)
        let refusal = AdministrationFailure(status: 409, code: "x", message: "no")
        #expect(throws: refusal) { _ = try store.changeCatalogue(from: .person) { _, _ in .refuse(refusal) } }
        var query = AuditQuery()
        query.kind = "catalogue"
        query.limit = 10
        let rows = try store.audit(query)
        #expect(rows.map(\.action) == ["update", "create"] && rows.map(\.target) == ["prices.json", "prices.json"])
        #expect(rows.map(\.actorName) == ["gateway", "operator"])
        #expect(rows[0].before == Array("{}".utf8) && rows[1].before == nil)
        #expect(try store.objectsNumber() == objects + 2)
    }
}
