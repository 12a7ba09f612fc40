import Database

/// The table `catalogue`: at most one that is in force, and one that waits. Pure storage.
struct CatalogueTable {
    enum Place: Int64 {
        case inForce = 1
        case candidate = 2
    }

    let database: any DatabaseConnection

    private static let head: SQL = "digest, models, source, notes, read, checked, tag, applied, actor, actor_name"

    /// nil where there is none.
    func head(_ place: Place) throws(DatabaseError) -> CatalogueRecord.Head? {
        let select = try self.database.statement("SELECT \(Self.head) FROM catalogue WHERE place = $1")
        defer { select.reset() }
        try select.bind(1, place.rawValue)
        guard try select.step() else { return nil }
        return CatalogueRecord.Head(
            digest: select.bytes(0), models: select.integer(1), source: select.text(2), notes: select.bytes(3),
            read: select.time(4) ?? 0, checked: select.time(5) ?? 0, tag: select.optionalText(6),
            applied: select.time(7), actor: select.optionalText(8), actorName: select.optionalText(9))
    }

    /// The models of the one there; nil where there is none.
    func body(_ place: Place) throws(DatabaseError) -> [UInt8]? {
        let select = try self.database.statement("SELECT body FROM catalogue WHERE place = $1")
        defer { select.reset() }
        try select.bind(1, place.rawValue)
        return try select.step() ? select.bytes(0) : nil
    }

    /// Puts it there, whatever was there before.
    func put(_ record: CatalogueRecord, _ place: Place) throws(DatabaseError) {
        let put = try self.database.statement(
            """
            INSERT INTO catalogue(place, \(Self.head), body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
            ON CONFLICT (place) DO UPDATE SET digest = $2, models = $3, source = $4, notes = $5, read = $6, checked = $7,
                tag = $8, applied = $9, actor = $10, actor_name = $11, body = $12
            """)
        try put.bind(1, place.rawValue)
        try put.bind(2, blob: record.head.digest)
        try put.bind(3, record.head.models)
        try put.bind(4, text: record.head.source)
        try put.bind(5, text: record.head.notes)
        try put.bind(6, time: record.head.read)
        try put.bind(7, time: record.head.checked)
        try put.bind(8, text: record.head.tag)
        try put.bind(9, time: record.head.applied)
        try put.bind(10, text: record.head.actor)
        try put.bind(11, text: record.head.actorName)
        try put.bind(12, blob: record.body)
        try put.run()
    }

    /// The source of the one that waits has said the same again.
    func check(tag: String?, at time: UInt64) throws(DatabaseError) {
        let update = try self.database.statement("UPDATE catalogue SET checked = $1, tag = $2 WHERE place = $3")
        try update.bind(1, time: time)
        try update.bind(2, text: tag)
        try update.bind(3, Place.candidate.rawValue)
        try update.run()
    }
}
