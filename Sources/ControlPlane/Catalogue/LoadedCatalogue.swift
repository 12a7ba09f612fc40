import Administration
import Catalogue
import IPC

/// A catalogue as it is stored, and read.
struct LoadedCatalogue: Hashable, Sendable {
    let record: CatalogueRecord
    let document: CatalogueDocument

    /// nil for a record that this version cannot read.
    init?(_ record: CatalogueRecord) {
        guard let document = CatalogueDocument(packed: record.body) else { return nil }
        self.record = record
        self.document = document
    }

    /// The one of `record`; `known` is used where it is the same.
    static func of(_ record: CatalogueRecord, known: LoadedCatalogue?) -> LoadedCatalogue? {
        guard let known, known.record.head.digest == record.head.digest else { return LoadedCatalogue(record) }
        return LoadedCatalogue(record, known.document)
    }

    private init(_ record: CatalogueRecord, _ document: CatalogueDocument) {
        self.record = record
        self.document = document
    }

    // The models follow from the digest.
    static func == (a: LoadedCatalogue, b: LoadedCatalogue) -> Bool { a.record.head == b.record.head }

    func hash(into hasher: inout Hasher) { hasher.combine(self.record.head) }
}

extension CatalogueRecord {
    private static let textLimit = 64 << 10

    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        func text(_ reader: inout WireReader) throws(WireReader.Malformed) -> String {
            try reader.readString(limit: Self.textLimit)
        }
        let digest = try reader.readBytes(limit: 32)
        let models = Int64(bitPattern: try reader.read(UInt64.self))
        let source = try text(&reader)
        let notes = try reader.readBytes(limit: 4 << 20)
        let read: UInt64 = try reader.read()
        let checked: UInt64 = try reader.read()
        let tag = try reader.readOptional(text)
        let applied = try reader.readOptional { (reader) throws(WireReader.Malformed) in try reader.read(UInt64.self) }
        let actor = try reader.readOptional(text)
        let actorName = try reader.readOptional(text)
        self.init(
            Head(
                digest: digest, models: models, source: source, notes: notes, read: read, checked: checked, tag: tag,
                applied: applied, actor: actor, actorName: actorName),
            body: try reader.readBytes(limit: CatalogueDocument.packedLimit + 64))
    }

    func write(to writer: inout WireWriter) {
        writer.write(self.head.digest)
        writer.write(UInt64(bitPattern: self.head.models))
        writer.write(self.head.source)
        writer.write(self.head.notes)
        writer.write(self.head.read)
        writer.write(self.head.checked)
        writer.write(optional: self.head.tag) { $0.write($1) }
        writer.write(optional: self.head.applied) { $0.write($1) }
        writer.write(optional: self.head.actor) { $0.write($1) }
        writer.write(optional: self.head.actorName) { $0.write($1) }
        writer.write(self.body)
    }
}
