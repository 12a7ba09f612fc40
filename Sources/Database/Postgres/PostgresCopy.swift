import CPostgres

/// The rows of a COPY: `beginRow`, then one value for each column. Columns are BIGINT, TEXT and BYTEA.
public final class PostgresCopy {
    /// Bytes that are gathered before they are sent.
    private static let piece = 65_536

    private let columns: Int
    private let session: PostgresSession
    private let link: PostgresLink
    private let deadline: UInt64
    private var memory: [UInt8] = []
    private var left = 0

    init(columns: Int, _ session: PostgresSession, _ link: PostgresLink) {
        self.columns = columns
        self.session = session
        self.link = link
        self.deadline = session.deadline
        self.memory.reserveCapacity(Self.piece * 2)
        // The binary form's signature, flags and length of an extension.
        self.memory += Array("PGCOPY\n".utf8) + [0xFF, 0x0D, 0x0A, 0, 0, 0, 0, 0, 0, 0, 0, 0]
    }

    public func beginRow() throws(DatabaseError) {
        guard self.left == 0 else { throw self.misuse("\(self.left) columns of a row are missing") }
        self.left = self.columns
        if self.memory.count >= Self.piece { try self.send() }
        self.append(UInt16(truncatingIfNeeded: self.columns))
    }

    public func integer(_ value: Int64?) throws(DatabaseError) {
        guard let value else { return try self.null() }
        try self.count()
        self.append(UInt32(8))
        self.append(UInt64(bitPattern: value))
    }

    /// The UTF-8 bytes of a text; NULL for nil.
    public func text(_ bytes: [UInt8]?) throws(DatabaseError) {
        guard bytes?.contains(0) != true else {
            throw DatabaseError(
                server: self.session.name, operation: "copy", state: .characterNotInRepertoire,
                message: "a text has a NUL byte, which no text may have")
        }
        try self.bytes(bytes)
    }

    /// NULL for nil.
    public func bytes(_ bytes: [UInt8]?) throws(DatabaseError) {
        guard let bytes else { return try self.null() }
        guard let length = Int32(exactly: bytes.count) else { throw self.misuse("a value is longer than 2 GiB") }
        try self.count()
        self.append(UInt32(length))
        self.memory += bytes
    }

    public func null() throws(DatabaseError) {
        try self.count()
        self.append(UInt32.max)
    }

    /// Ends the rows.
    func finish() throws(DatabaseError) -> PostgresResult {
        guard self.left == 0 else { throw self.misuse("\(self.left) columns of a row are missing") }
        self.append(UInt16.max)
        try self.send()
        return try self.link.endCopy(failure: nil, deadline: self.deadline)
    }

    /// Gives the rows up: none of them is written.
    func cancel() {
        guard !self.link.isDead else { return }
        do throws(DatabaseError) {
            _ = try self.link.endCopy(failure: "given up", deadline: self.deadline)
        } catch {
            // The server says that it was given up.
        }
    }

    private func send() throws(DatabaseError) {
        try self.link.copy(self.memory, deadline: self.deadline)
        self.memory.removeAll(keepingCapacity: true)
    }

    private func count() throws(DatabaseError) {
        guard self.left > 0 else { throw self.misuse("a row has more values than columns") }
        self.left -= 1
    }

    private func append(_ value: some FixedWidthInteger) {
        var shift = value.bitWidth - 8
        while shift >= 0 {
            self.memory.append(UInt8(truncatingIfNeeded: value >> shift))
            shift -= 8
        }
    }

    private func misuse(_ message: String) -> DatabaseError {
        DatabaseError(server: self.session.name, operation: "copy", state: .misuse, message: message)
    }
}

extension PostgresConnection {
    /// Writes many rows at once: `target` is a table and its columns, such as `requests (record, rank)`, `columns` how many these are. Gives
    /// the number of rows. All of them or none are written, and one that is there already refuses all.
    @discardableResult
    public func copy(
        into target: SQL, columns: Int, _ body: (PostgresCopy) throws(DatabaseError) -> Void
    ) throws(DatabaseError) -> Int64 {
        let link = try self.session.ready("copy")
        let sql: SQL = "COPY \(target) FROM STDIN (FORMAT binary)"
        let began = unsafe try self.session.run("copy", on: link) { unsafe PQsendQuery($0, sql.text) }
        guard began.status == PGRES_COPY_IN else {
            throw DatabaseError(
                server: self.name, operation: "copy", state: .protocolViolation, message: "the server wants no rows")
        }
        let copy = PostgresCopy(columns: columns, self.session, link)
        do throws(DatabaseError) {
            try body(copy)
        } catch {
            copy.cancel()
            throw error
        }
        do throws(DatabaseError) {
            let result = try copy.finish()
            self.session.noteChanges(result)
            return result.changes
        } catch {
            if error.code == .postgres(.misuse), !link.isDead { copy.cancel() }
            throw link.isDead && !self.session.isInTransaction ? error.withUnknownOutcome() : error
        }
    }
}
