import CPostgres

/// A prepared statement of PostgreSQL. It is prepared at its first use on each link, and its rows come all at once, so that other
/// statements can run between two steps; for many rows there is `PostgresConnection.forEachRow`.
public final class PostgresStatement: DatabaseStatement {
    let sql: SQL
    private let session: PostgresSession
    private var bindings: [PostgresValue] = []
    /// The link that it was prepared on, and how it is called there.
    private var generation: UInt64 = 0
    private var name = ""
    private(set) var parameterTypes: [UInt32] = []
    private var result: PostgresResult?
    private var row = -1

    init(_ sql: SQL, _ session: PostgresSession) {
        self.sql = sql
        self.session = session
    }

    // MARK: Binding

    public func bind(_ number: Int, _ value: Int64?) throws(DatabaseError) {
        try self.bind(number, value: value.map { .integer($0) } ?? .null)
    }

    public func bind(_ number: Int, text: String?) throws(DatabaseError) {
        try self.bind(number, value: text.map { .text(Array($0.utf8)) } ?? .null)
    }

    public func bind(_ number: Int, text bytes: [UInt8]?) throws(DatabaseError) {
        try self.bind(number, value: bytes.map { .text($0) } ?? .null)
    }

    public func bind(_ number: Int, blob bytes: [UInt8]?) throws(DatabaseError) {
        try self.bind(number, value: bytes.map { .bytes($0) } ?? .null)
    }

    private func bind(_ number: Int, value: PostgresValue) throws(DatabaseError) {
        guard (1...32_767).contains(number) else { throw self.misuse("there is no parameter $\(number)") }
        while self.bindings.count < number { self.bindings.append(.null) }
        self.bindings[number - 1] = value
    }

    // MARK: Running

    public func step() throws(DatabaseError) -> Bool {
        if self.result == nil {
            self.result = try self.execute()
            self.row = -1
        }
        guard let result = self.result, self.row + 1 < result.rows else {
            self.reset()
            return false
        }
        self.row += 1
        if let column = result.wrongColumn(self.row) {
            self.reset()
            throw DatabaseError(
                server: self.session.name, operation: "step", state: .outOfRange,
                message: "column \(column) has a value that is no integer of 64 bits")
        }
        return true
    }

    public func run() throws(DatabaseError) {
        if self.result == nil { _ = try self.execute() }
        self.reset()
    }

    public func reset() {
        self.result = nil
        self.row = -1
    }

    /// Shows the rows of another command's answer as this statement's own.
    func show(_ result: PostgresResult) {
        self.result = result
        self.row = -1
    }

    /// Lets the server forget a statement that is used once.
    func discard(on link: PostgresLink) {
        self.reset()
        guard self.generation == self.session.generation, !link.isDead else { return }
        self.generation = 0
        // Without it the server keeps it until the link ends.
        let name = self.name
        _ = try? unsafe self.session.run("step", on: link) { unsafe PQsendQuery($0, "DEALLOCATE \(name)") }
    }

    private func execute() throws(DatabaseError) -> PostgresResult {
        let link = try self.session.ready("step")
        let wasPrepared = self.generation == self.session.generation
        if !wasPrepared { try self.prepare(on: link) }
        do throws(DatabaseError) {
            return try self.executePrepared(on: link)
        } catch {
            guard wasPrepared, error.isStalePlan else { throw self.marked(error, link) }
            // The schema has changed, or somebody has discarded it: prepared anew it may fit again.
            self.generation = 0
            guard !self.session.isInTransaction else { throw error }
        }
        try self.prepare(on: link)
        do throws(DatabaseError) {
            return try self.executePrepared(on: link)
        } catch { throw self.marked(error, link) }
    }

    private func executePrepared(on link: PostgresLink) throws(DatabaseError) -> PostgresResult {
        let values = try self.encoded()
        return unsafe try self.session.run("step", on: link) { pointer in
            unsafe values.withPointers { count, places, lengths, formats in
                unsafe PQsendQueryPrepared(pointer, self.name, count, places, lengths, formats, 1)
            }
        }
    }

    /// Prepares the statement where it is not yet, and gives its parameters as they go to the server.
    func encodedParameters(on link: PostgresLink) throws(DatabaseError) -> PostgresBindings {
        if self.generation != self.session.generation { try self.prepare(on: link) }
        return try self.encoded()
    }

    private func prepare(on link: PostgresLink) throws(DatabaseError) {
        let name = self.session.newStatementName()
        _ = unsafe try self.session.run("prepare", on: link) { unsafe PQsendPrepare($0, name, self.sql.text, 0, nil) }
        self.parameterTypes = []
        if !self.bindings.isEmpty {
            let description = unsafe try self.session.run("prepare", on: link) {
                unsafe PQsendDescribePrepared($0, name)
            }
            self.parameterTypes = description.parameterTypes
        }
        self.name = name
        self.generation = self.session.generation
    }

    private func encoded() throws(DatabaseError) -> PostgresBindings {
        guard self.bindings.count <= self.parameterTypes.count else {
            // Bound for the first time after it was prepared without.
            throw self.misuse("there is no parameter $\(self.bindings.count)")
        }
        var values = PostgresBindings()
        for (index, type) in self.parameterTypes.enumerated() {
            let value = index < self.bindings.count ? self.bindings[index] : .null
            do throws(PostgresValue.Misfit) {
                values.append(try value.encoded(for: PostgresType(oid: type)))
            } catch {
                switch error {
                case .nul:
                    throw self.refusal(
                        .characterNotInRepertoire, "the text for $\(index + 1) has a NUL byte, which no text may have")
                case .outOfRange: throw self.refusal(.outOfRange, "the number for $\(index + 1) is out of its range")
                case .kind: throw self.misuse("a value of this kind does not go to $\(index + 1)")
                }
            }
        }
        return values
    }

    // MARK: Columns

    public func integer(_ column: Int) -> Int64 { self.result?.integer(self.row, column) ?? 0 }

    public func isNull(_ column: Int) -> Bool { self.result?.isNull(self.row, column) ?? true }

    public func bytes(_ column: Int) -> [UInt8] {
        guard let result = self.result, column >= 0, column < result.columns else { return [] }
        switch result.types[column] {
        case .text, .bytes, .other: return unsafe result.withBytes(self.row, column) { unsafe Array($0) }
        case .bool, .int2, .int4, .int8, .numeric:
            return result.integer(self.row, column).map { Array("\($0)".utf8) } ?? []
        case .float8:
            let bits: UInt64 = unsafe result.withBytes(self.row, column) { bytes in
                unsafe bytes.reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            }
            return result.isNull(self.row, column) ? [] : Array("\(Double(bitPattern: bits))".utf8)
        }
    }

    public func text(_ column: Int) -> String { String(decoding: self.bytes(column), as: UTF8.self) }

    // MARK: Errors

    /// A command that stood for itself may have happened, when its answer is lost; one that only reads has not.
    private func marked(_ error: DatabaseError, _ link: PostgresLink) -> DatabaseError {
        guard link.isDead, !self.session.isInTransaction, !self.sql.text.utf8.starts(with: "SELECT".utf8) else {
            return error
        }
        return error.withUnknownOutcome()
    }

    private func misuse(_ message: String) -> DatabaseError { self.refusal(.misuse, message) }

    private func refusal(_ state: SQLState, _ message: String) -> DatabaseError {
        DatabaseError(server: self.session.name, operation: "bind", state: state, message: message)
    }
}
