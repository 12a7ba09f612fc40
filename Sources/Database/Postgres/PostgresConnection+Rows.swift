import CPostgres

extension PostgresConnection {
    /// Rows that are fetched at once: some 100 KB of most tables.
    private static let piece = 1000

    public func forEachRow(
        _ sql: SQL, bind: (any DatabaseStatement) throws(DatabaseError) -> Void,
        _ body: (any DatabaseStatement) throws(DatabaseError) -> Void
    ) throws(DatabaseError) {
        // A cursor lives in a transaction.
        guard self.isInTransaction else {
            try self.beginReading()
            do throws(DatabaseError) {
                try self.readRows(sql, bind, body)
                try self.commit()
            } catch {
                self.rollback()
                throw error
            }
            return
        }
        try self.readRows(sql, bind, body)
    }

    private func readRows(
        _ sql: SQL, _ bind: (any DatabaseStatement) throws(DatabaseError) -> Void,
        _ body: (any DatabaseStatement) throws(DatabaseError) -> Void
    ) throws(DatabaseError) {
        let session = self.session
        let link = try session.ready("step")
        let statement = PostgresStatement(sql, session)
        try bind(statement)
        let values = try statement.encodedParameters(on: link)
        self.cursors += 1
        let cursor: SQL = "rows_\(self.cursors)"
        let declare: SQL = "DECLARE \(cursor) NO SCROLL CURSOR FOR \(sql)"
        _ = unsafe try session.run("step", on: link) { pointer in
            unsafe values.withPointers { count, places, lengths, formats in
                unsafe PQsendQueryParams(
                    pointer, declare.text, count, statement.parameterTypes, places, lengths, formats, 1)
            }
        }
        let fetch: SQL = "FETCH FORWARD \(Self.piece) FROM \(cursor)"
        let send = { (pointer: OpaquePointer) in
            unsafe PQsendQueryParams(pointer, fetch.text, 0, nil, nil, nil, nil, 1)
        }
        var rows = unsafe try session.run("step", on: try session.ready("step"), send)
        while true {
            // The server makes the next piece while this one is looked at.
            let next =
                rows.rows == Self.piece
                ? unsafe try link.sendAhead("step", deadline: session.deadline, send) : nil
            statement.show(rows)
            while try statement.step() { try body(statement) }
            guard let next else { break }
            rows = try link.take("step", next, deadline: session.deadline)
        }
        try session.simple("step", "CLOSE \(cursor)", on: try session.ready("step"))
        statement.discard(on: link)
    }
}
