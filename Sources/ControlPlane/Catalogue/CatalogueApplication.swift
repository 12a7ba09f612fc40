import Administration
import Catalogue
import Configuration
import Cryptography
import Domain
import JSON

/// Puts what waits in force, or a part of it.
struct CatalogueApplication {
    /// What the audit log tells of single prices, at the most.
    private static let auditedChanges = 200

    /// Which models; nil: all of them.
    let only: CatalogueSelection?
    /// Of the catalogue that was looked at; another one is refused. nil: whichever waits.
    let digest: [UInt8]?
    /// The audit log names prices of what these sell.
    let providers: [ConfiguredProvider]
    /// Why workers could not use it; nil where they can.
    var objection: (CatalogueDocument) -> String? = { _ in nil }

    /// What came of it.
    struct Result: Sendable {
        /// Of the change among those of objects; nil where nothing was different.
        var number: Int64?
        var counts: CatalogueCounts
        /// Of what is in force then.
        var digest: [UInt8]
        var models: Int64
    }

    func apply(to store: AdministrationStore, from origin: AuditOrigin) throws(AdministrationFailure) -> Result {
        var made: Result?
        let number = try store.changeCatalogue(from: origin) { inForce, candidate in
            do throws(AdministrationFailure) {
                let (decision, result) = try self.decide(inForce, candidate)
                made = result
                return decision
            } catch {
                return .refuse(error)
            }
        }
        guard var result = made else { throw Self.none }
        result.number = number
        return result
    }

    static let none = AdministrationFailure(
        status: 409, code: "no_candidate",
        message:
            "there is no catalogue to apply: catalogue.file or catalogue.url of the configuration says where one is")

    private func decide(
        _ inForce: CatalogueRecord?, _ candidate: CatalogueRecord?
    ) throws(AdministrationFailure) -> (AdministrationStore.CatalogueDecision, Result) {
        guard let candidate else { throw Self.none }
        if let digest, digest != candidate.head.digest {
            throw AdministrationFailure(
                status: 412, code: "version_mismatch",
                message: "another catalogue has been read since: look at the difference again")
        }
        let old = try Self.document(inForce) ?? CatalogueDocument()
        guard let whole = try Self.document(candidate) else { throw Self.none }
        let new = self.only.map { selection in old.updated(with: whole) { selection.picks($0) } } ?? whole
        let difference = CatalogueDifference(from: old, to: new)
        let counts = CatalogueCounts(difference)
        guard let record = try Self.record(new, as: candidate, isWhole: self.only == nil) else {
            throw AdministrationFailure(status: 422, code: "too_large", message: "the catalogue would be too large")
        }
        let result = Result(counts: counts, digest: record.head.digest, models: record.head.models)
        if let inForce, inForce.head.digest == record.head.digest { return (.leave, result) }
        if let objection = self.objection(new) {
            throw AdministrationFailure(status: 422, code: "too_large", message: objection)
        }
        return (
            .put(
                record, before: inForce.map { Self.audited($0.head, nil) },
                after: Self.audited(record.head) { writer in self.write(difference, counts, to: &writer) }), result
        )
    }

    private static func document(_ record: CatalogueRecord?) throws(AdministrationFailure) -> CatalogueDocument? {
        guard let record else { return nil }
        guard let document = CatalogueDocument(packed: record.body) else {
            throw AdministrationFailure(
                status: 409, code: "unreadable",
                message: "what is stored of the catalogue cannot be read by this version")
        }
        return document
    }

    private static func record(
        _ document: CatalogueDocument, as candidate: CatalogueRecord, isWhole: Bool
    ) throws(AdministrationFailure) -> CatalogueRecord? {
        if isWhole { return candidate }
        guard let body = document.packed() else { return nil }
        var head = candidate.head
        head.models = Int64(document.entries.count)
        do throws(CryptographyError) {
            head.digest = try CatalogueRecord.digest(of: body)
        } catch {
            throw AdministrationFailure(status: 500, code: "internal_error", message: "\(error)")
        }
        return CatalogueRecord(head, body: body)
    }

    // MARK: The audit log

    private static func audited(_ head: CatalogueRecord.Head, _ more: ((inout JSONWriter) -> Void)?) -> [UInt8] {
        AuditEntry.object { writer in
            head.writeIdentity(to: &writer)
            more?(&writer)
        }
    }

    private func write(_ difference: CatalogueDifference, _ counts: CatalogueCounts, to writer: inout JSONWriter) {
        writer.key("only")
        writer.string(optional: self.only?.text)
        counts.write(to: &writer)
        let targets = CatalogueTargets(self.providers)
        writer.key("changes")
        writer.beginArray()
        var left = Self.auditedChanges
        for change in difference.changes {
            let names = (change.new ?? change.old).map { targets.names(of: $0) } ?? []
            guard !names.isEmpty, left > 0 else { continue }
            left -= 1
            writer.beginObject()
            change.write(targets: names, to: &writer)
            writer.endObject()
        }
        writer.endArray()
    }
}
