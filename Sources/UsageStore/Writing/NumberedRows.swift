import Database
import Domain
import Journal

/// The tables of things that repeat: finds the number of a name, principal, route or target, and makes the row where there is
/// none yet.
///
/// Used inside a transaction only. After one was undone, `forget` must be called: numbers it had given out may be free again.
final class NumberedRows {
    private let database: SQLiteDatabase
    private let key = InternKey()
    private let nameKey = InternKey()
    private let names = Interner(places: 2048)
    private let principals = Interner()
    private let routes = Interner()
    private let targets = Interner()

    init(_ database: SQLiteDatabase) {
        self.database = database
    }

    func forget() {
        for interner in [self.names, self.principals, self.routes, self.targets] { interner.forget() }
    }

    /// The number of a text; 0 for the empty one.
    @inline(__always)
    func name(_ text: some RowText) throws(DatabaseError) -> Int64 {
        if text.isEmpty { return 0 }
        self.nameKey.clear()
        text.append(to: self.nameKey)
        return try self.names.number(of: self.nameKey) { () throws(DatabaseError) in
            let find = try self.database.statement("SELECT id FROM names WHERE text = $1")
            try find.bind(1, text: Array(text.array.prefix(InternKey.maximumText)))
            if let id = try self.first(find) { return id }
            let add = try self.database.statement("INSERT INTO names (text) VALUES ($1) RETURNING id")
            try add.bind(1, text: Array(text.array.prefix(InternKey.maximumText)))
            return try self.first(add) ?? 0
        }
    }

    func principal(_ principal: Principal) throws(DatabaseError) -> Int64 {
        self.key.clear()
        self.key.append(principal.key.high)
        self.key.append(principal.key.low)
        self.key.append(principal.project.high)
        self.key.append(principal.project.low)
        self.key.append(principal.organization.high)
        self.key.append(principal.organization.low)
        if let user = principal.user {
            self.key.append(user.high)
            self.key.append(user.low)
        }
        return try self.principals.number(of: self.key) { () throws(DatabaseError) in
            let columns = [
                principal.key.bytes, principal.project.bytes, principal.organization.bytes,
                principal.user.map(\.bytes) ?? [],
            ]
            let find = try self.database.statement(
                "SELECT id FROM principals WHERE key = $1 AND project = $2 AND organization = $3 AND user = $4")
            for (index, column) in columns.enumerated() { try find.bind(index + 1, blob: column) }
            if let id = try self.first(find) { return id }
            let add = try self.database.statement(
                "INSERT INTO principals (key, project, organization, user) VALUES ($1, $2, $3, $4) RETURNING id")
            for (index, column) in columns.enumerated() { try add.bind(index + 1, blob: column) }
            return try self.first(add) ?? 0
        }
    }

    @inline(__always)
    func route<Text: RowText>(model: Text, provider: Text, modelSent: Text) throws(DatabaseError) -> Int64 {
        self.key.clear()
        model.append(to: self.key)
        provider.append(to: self.key)
        modelSent.append(to: self.key)
        return try self.routes.number(of: self.key) { () throws(DatabaseError) in
            try self.row(
                find: "SELECT id FROM routes WHERE model = $1 AND provider = $2 AND model_sent = $3",
                add: "INSERT INTO routes (model, provider, model_sent) VALUES ($1, $2, $3) RETURNING id",
                [self.name(model), self.name(provider), self.name(modelSent)])
        }
    }

    func target(_ attempt: LentRecord.Attempt) throws(DatabaseError) -> Int64 {
        self.key.clear()
        attempt.provider.append(to: self.key)
        attempt.model.append(to: self.key)
        attempt.keyName.append(to: self.key)
        self.key.append(attempt.price)
        return try self.targets.number(of: self.key) { () throws(DatabaseError) in
            try self.row(
                find: "SELECT id FROM targets WHERE provider = $1 AND model = $2 AND key = $3 AND price = $4",
                add: "INSERT INTO targets (provider, model, key, price) VALUES ($1, $2, $3, $4) RETURNING id",
                [
                    self.name(attempt.provider), self.name(attempt.model), self.name(attempt.keyName),
                    Int64(bitPattern: attempt.price),
                ])
        }
    }

    private func row(find: SQL, add: SQL, _ values: [Int64]) throws(DatabaseError) -> Int64 {
        for sql in [find, add] {
            let statement = try self.database.statement(sql)
            for (index, value) in values.enumerated() { try statement.bind(index + 1, value) }
            if let id = try self.first(statement) { return id }
        }
        return 0
    }

    /// The first column of the first row. The statement has run to its end, as an INSERT must.
    private func first(_ statement: SQLiteStatement) throws(DatabaseError) -> Int64? {
        guard try statement.step() else { return nil }
        let number = statement.integer(0)
        try statement.run()
        return number
    }
}
