import Database

/// The table `objects`: what the API adds to the configuration. Pure storage.
struct ObjectTable {
    /// Most objects of all kinds together; what is in force is made of all of them.
    static let limit = 20_000

    let database: any DatabaseConnection

    /// The number of the last change.
    func number() throws(DatabaseError) -> Int64 {
        try self.database.integer("SELECT objects_seq FROM control") ?? 0
    }

    /// All of them. To be called in a transaction, or where it does no harm that the number is older than the records.
    func all() throws(DatabaseError) -> ObjectRecords {
        let number = try self.number()
        let select = try self.database.statement(
            "SELECT kind, name, body, secrets, created, changed, version FROM objects ORDER BY kind, name")
        defer { select.reset() }
        var records: [ObjectRecord] = []
        while try select.step() {
            records.append(
                ObjectRecord(
                    kind: select.integer(0), name: select.text(1), body: select.bytes(2),
                    sealed: select.isNull(3) ? nil : select.bytes(3),
                    created: UInt64(clamping: select.integer(4)), changed: UInt64(clamping: select.integer(5)),
                    version: select.integer(6)))
        }
        return ObjectRecords(number: number, records: records)
    }

    /// Makes it or replaces it.
    func put(_ record: ObjectRecord) throws(DatabaseError) {
        let put = try self.database.statement(
            """
            INSERT INTO objects(kind, name, body, secrets, created, changed, version) VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (kind, name) DO UPDATE SET body = $3, secrets = $4, changed = $6, version = $7
            """)
        try put.bind(1, record.kind)
        try put.bind(2, text: record.name)
        try put.bind(3, text: record.body)
        try put.bind(4, blob: record.sealed)
        try put.bind(5, Int64(clamping: record.created))
        try put.bind(6, Int64(clamping: record.changed))
        try put.bind(7, record.version)
        try put.run()
    }

    func delete(kind: Int64, name: String) throws(DatabaseError) {
        let delete = try self.database.statement("DELETE FROM objects WHERE kind = $1 AND name = $2")
        try delete.bind(1, kind)
        try delete.bind(2, text: name)
        try delete.run()
    }

    /// The number of the change that is being made.
    func raise() throws(DatabaseError) -> Int64 {
        try self.database.execute("UPDATE control SET objects_seq = objects_seq + 1")
        return try self.number()
    }
}
