import CPostgres

/// What came back of one command. The bytes of its rows live as long as it does.
// SAFETY: the pointer comes from PQgetResult and is cleared once, in deinit; rows and columns are checked before each access.
@safe
final class PostgresResult {
    private let pointer: OpaquePointer
    let rows: Int
    let columns: Int
    private(set) lazy var types: [PostgresType] = (0..<self.columns).map { column in
        unsafe PostgresType(oid: PQftype(self.pointer, Int32(column)))
    }

    init(_ pointer: OpaquePointer) {
        unsafe self.pointer = pointer
        self.rows = Int(unsafe PQntuples(pointer))
        self.columns = Int(unsafe PQnfields(pointer))
    }

    deinit { unsafe PQclear(self.pointer) }

    var status: ExecStatusType { unsafe PQresultStatus(self.pointer) }

    var isError: Bool {
        switch self.status {
        case PGRES_BAD_RESPONSE, PGRES_FATAL_ERROR, PGRES_PIPELINE_ABORTED: true
        default: false
        }
    }

    /// What of the command's tag is a word, such as COMMIT.
    var tag: String { unsafe String(cString: PQcmdStatus(self.pointer)) }

    /// Rows that an INSERT, UPDATE, DELETE or COPY has changed.
    var changes: Int64 { unsafe Int64(String(cString: PQcmdTuples(self.pointer))) ?? 0 }

    /// The types of the parameters, of the answer to a description.
    var parameterTypes: [UInt32] {
        let count = unsafe PQnparams(self.pointer)
        return (0..<max(0, count)).map { unsafe PQparamtype(self.pointer, $0) }
    }

    // MARK: Values

    func isNull(_ row: Int, _ column: Int) -> Bool {
        guard row >= 0, row < self.rows, column >= 0, column < self.columns else { return true }
        return unsafe PQgetisnull(self.pointer, Int32(row), Int32(column)) != 0
    }

    /// Lends the bytes of a value; none for NULL.
    func withBytes<Value>(_ row: Int, _ column: Int, _ body: (UnsafeRawBufferPointer) -> Value) -> Value {
        guard row >= 0, row < self.rows, column >= 0, column < self.columns else {
            return unsafe body(UnsafeRawBufferPointer(start: nil, count: 0))
        }
        // 0 for NULL as well.
        let count = Int(unsafe PQgetlength(self.pointer, Int32(row), Int32(column)))
        let start = unsafe PQgetvalue(self.pointer, Int32(row), Int32(column))
        return unsafe body(UnsafeRawBufferPointer(start: start, count: max(0, count)))
    }

    /// Nil for NULL, and for what is no integer of 64 bits.
    func integer(_ row: Int, _ column: Int) -> Int64? {
        guard column >= 0, column < self.columns else { return nil }
        let type = self.types[column]
        return unsafe self.withBytes(row, column) { unsafe type.integer($0) }
    }

    /// The first column of the row that has bytes which are no value of its type.
    func wrongColumn(_ row: Int) -> Int? {
        for (column, type) in self.types.enumerated() {
            let isPossible = unsafe self.withBytes(row, column) { unsafe type.isPossible($0) }
            guard isPossible || self.isNull(row, column) else { return column }
        }
        return nil
    }

    // MARK: Errors

    var state: SQLState? {
        unsafe PQresultErrorField(self.pointer, Int32(SLUICE_POSTGRES_STATE)).flatMap {
            unsafe SQLState(String(cString: $0).utf8)
        }
    }

    /// The server's words, without those that may quote a value.
    var message: String {
        let said = self.field(SLUICE_POSTGRES_MESSAGE) ?? "the server has refused it"
        guard let state = self.state else { return said }
        if state.mayQuoteValues { return "a value is not what its column or expression takes" }
        let names = [
            ("constraint", self.field(SLUICE_POSTGRES_CONSTRAINT)),
            ("table", self.field(SLUICE_POSTGRES_TABLE)),
        ]
        let places = names.compactMap { name, value in value.map { "\(name) \($0)" } }
        return places.isEmpty || state.fault != .data ? said : "\(said) (\(places.joined(separator: ", ")))"
    }

    private func field(_ number: Int) -> String? {
        unsafe PQresultErrorField(self.pointer, Int32(number)).map { unsafe PostgresMessage.line(String(cString: $0)) }
    }
}
