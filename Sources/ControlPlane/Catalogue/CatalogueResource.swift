import Administration
import Catalogue
import Configuration
import Domain
import EventLog
import JSON

/// `catalogue`: the prices and bounds in force, those that wait, and the difference.
///
/// Lives on one thread of the desk.
final class CatalogueResource: AdministrationResource {
    /// Most models in one answer, and the bytes that these are to keep within.
    static let pageLimit = 500
    static let pageBytes = 256 << 10

    private let store: AdministrationStore
    private let board: CatalogueBoard
    private let objects: ObjectBoard
    /// The candidate that was asked for last.
    private var candidate: LoadedCatalogue?

    init(store: AdministrationStore, board: CatalogueBoard, objects: ObjectBoard) {
        self.store = store
        self.board = board
        self.objects = objects
    }

    // MARK: Looking

    func show(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        try call.require(.readConfiguration, in: .gateway)
        try call.fields.end()
        let (inForce, candidate) = try self.store.catalogueHeads()
        let state = self.board.now
        let counts = try self.difference(nil).map { CatalogueCounts($0) }
        var reply = AdministrationReply { writer in
            writer.key("source")
            writer.string(optional: state.settings.source?.text)
            writer.key("refresh_seconds")
            writer.integer(state.settings.refresh / 1000)
            writer.key("apply")
            writer.string(state.settings.appliesItself ? "auto" : "manual")
            writer.key("in_force")
            Self.write(inForce, to: &writer)
            writer.key("candidate")
            Self.write(candidate, counts, to: &writer)
            writer.key("failure")
            Self.write(state.failure, to: &writer)
        }
        reply.tag = candidate.map { CatalogueDigest.text($0.digest) }
        return reply
    }

    func differences(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        try call.require(.readConfiguration, in: .gateway)
        let selection = try self.selection(&call)
        let isOfProviders = try call.fields.flag("configured")
        let after = try call.fields.text("after").map { Array($0.utf8) }
        let limit = try call.fields.pageSize(Self.pageLimit)
        try call.fields.end()
        guard let difference = try self.difference(selection), let candidate = self.candidate else {
            throw CatalogueApplication.none
        }
        let targets = self.targets
        let counts = CatalogueCounts(difference)
        let rest = difference.changes.drop { change in after.map { !$0.lexicographicallyPrecedes(change.name) } ?? false
        }
        let (page, next) = Self.page(rest, limit: limit, name: \.name) { (change, writer: inout JSONWriter) in
            let names = (change.new ?? change.old).map { targets.names(of: $0) } ?? []
            guard !isOfProviders || !names.isEmpty else { return false }
            change.write(targets: names, to: &writer)
            return true
        }
        var reply = AdministrationReply { writer in
            writer.key("digest")
            writer.string(CatalogueDigest.text(candidate.record.head.digest))
            counts.write(to: &writer)
            writer.key("data")
            writer.raw(page)
            writer.key("next")
            writer.string(optional: next)
        }
        reply.tag = CatalogueDigest.text(candidate.record.head.digest)
        return reply
    }

    func models(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        try call.require(.readConfiguration, in: .gateway)
        let search = try call.fields.text("search").map { Array($0.lowercased().utf8) } ?? []
        let provider = try call.fields.text("provider")
        let isOfProviders = try call.fields.flag("configured")
        let after = try call.fields.text("after").map { Array($0.utf8) }
        let limit = try call.fields.pageSize(Self.pageLimit)
        try call.fields.end()
        let entries = self.objects.now.catalogue?.document.entries ?? []
        let targets = self.targets
        let rest = entries.drop { entry in after.map { !$0.lexicographicallyPrecedes(entry.name) } ?? false }
        let (page, next) = Self.page(rest, limit: limit, name: \.name) { (entry, writer: inout JSONWriter) in
            guard provider.map({ $0.utf8.elementsEqual(entry.provider.utf8) }) ?? true,
                search.isEmpty || Self.contains(entry.name, search)
            else { return false }
            let names = targets.names(of: entry)
            guard !isOfProviders || !names.isEmpty else { return false }
            entry.write(targets: names, to: &writer)
            return true
        }
        return AdministrationReply { writer in
            writer.key("data")
            writer.raw(page)
            writer.key("next")
            writer.string(optional: next)
        }
    }

    // MARK: Changing

    func apply(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        try call.require(.changeConfiguration, in: .gateway)
        let selection = try self.selection(&call)
        let digest = try call.fields.text("digest").map { text throws(AdministrationFailure) in
            guard let digest = CatalogueDigest.bytes(text) else {
                throw call.fields.unusable("digest", "the digest of an answer")
            }
            return digest
        }
        try call.fields.end()
        if let head = try self.store.catalogueHeads().candidate {
            try call.requireMatch(
                tag: CatalogueDigest.text(head.digest),
                "another catalogue has been read since: look at the difference again")
        }
        let objects = self.objects
        let configuration = objects.now.merge.configuration
        var application = CatalogueApplication(
            only: selection, digest: digest, providers: configuration.providers)
        application.objection = { objects.objection(to: configuration, $0) }
        let result = try application.apply(to: self.store, from: call.origin)
        var reply = Self.reply(result, isInForce: result.number == nil)
        guard let number = result.number else { return reply }
        reply.sequel = .objects(number: number, inForce: Self.reply(result, isInForce: true).body)
        return reply
    }

    private static func reply(_ result: CatalogueApplication.Result, isInForce: Bool) -> AdministrationReply {
        AdministrationReply { writer in
            writer.key("digest")
            writer.string(CatalogueDigest.text(result.digest))
            writer.key("models")
            writer.integer(result.models)
            result.counts.write(to: &writer)
            writer.key("in_force")
            writer.bool(isInForce)
        }
    }

    // MARK: -

    private var targets: CatalogueTargets { CatalogueTargets(self.objects.now.merge.configuration.providers) }

    private func selection(_ call: inout AdministrationCall) throws(AdministrationFailure) -> CatalogueSelection? {
        try call.fields.text("only").map { text throws(AdministrationFailure) in
            guard let selection = CatalogueSelection(text) else {
                throw call.fields.unusable(
                    "only", "a name of a model with one * at the most, such as azure/* or openai:gpt-4o*")
            }
            return selection
        }
    }

    /// What would change; nil where nothing waits.
    private func difference(_ selection: CatalogueSelection?) throws(AdministrationFailure) -> CatalogueDifference? {
        guard let record = try self.store.catalogueCandidate() else { return nil }
        guard let candidate = LoadedCatalogue.of(record, known: self.candidate) else {
            throw AdministrationFailure(
                status: 409, code: "unreadable",
                message: "what is stored of the catalogue cannot be read by this version")
        }
        self.candidate = candidate
        let stored = try self.store.catalogue()
        let inForce =
            stored.flatMap { LoadedCatalogue.of($0, known: self.objects.now.catalogue) }?.document
            ?? CatalogueDocument()
        guard let selection else { return CatalogueDifference(from: inForce, to: candidate.document) }
        return CatalogueDifference(
            from: inForce, to: inForce.updated(with: candidate.document) { selection.picks($0) })
    }

    /// As many of `items` as there is room for, as a JSON array, and what the next page begins behind. `write` says whether an item belongs
    /// there.
    private static func page<Item>(
        _ items: some Sequence<Item>, limit: Int, name: KeyPath<Item, [UInt8]>,
        _ write: (Item, inout JSONWriter) -> Bool
    ) -> (json: [UInt8], next: String?) {
        var writer = JSONWriter()
        var count = 0
        var last: [UInt8] = []
        writer.beginArray()
        for item in items {
            // An answer has to fit into a frame; one more model always does.
            if count == limit || writer.bytes.count > Self.pageBytes {
                writer.endArray()
                return (writer.bytes, String(decoding: last, as: UTF8.self))
            }
            var object = JSONWriter()
            object.beginObject()
            let isWritten = write(item, &object)
            object.endObject()
            last = item[keyPath: name]
            guard isWritten else { continue }
            writer.raw(object.bytes)
            count += 1
        }
        writer.endArray()
        return (writer.bytes, nil)
    }

    /// Whether `text` stands in a name, whatever its case in ASCII.
    private static func contains(_ name: [UInt8], _ text: [UInt8]) -> Bool {
        guard name.count >= text.count else { return false }
        let lower = name.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        return (0...lower.count - text.count).contains { lower[$0...].starts(with: text) }
    }

    private static func write(
        _ head: CatalogueRecord.Head?, _ counts: CatalogueCounts? = nil, to writer: inout JSONWriter
    ) {
        guard let head else { return writer.null() }
        writer.beginObject()
        head.writeIdentity(to: &writer)
        writer.key("read")
        writer.string(TimeText.text(milliseconds: head.read))
        if head.applied == nil {
            writer.key("checked")
            writer.string(TimeText.text(milliseconds: head.checked))
            counts?.write(to: &writer)
            writer.key("notes")
            writer.raw(head.notes)
        } else {
            writer.key("applied")
            writer.string(TimeText.text(milliseconds: head.applied ?? 0))
            writer.key("actor")
            writer.string(optional: head.actor)
            writer.key("actor_name")
            writer.string(optional: head.actorName)
        }
        writer.endObject()
    }

    private static func write(_ failure: (message: String, time: UInt64)?, to writer: inout JSONWriter) {
        guard let failure else { return writer.null() }
        writer.beginObject()
        writer.key("message")
        writer.string(failure.message)
        writer.key("time")
        writer.string(TimeText.text(milliseconds: failure.time))
        writer.endObject()
    }
}
