import Database
import Domain
import Journal

/// The tables of things that repeat: finds the number of a name, principal, route or target, and makes the row where there is
/// none yet.
///
/// After a transaction in which it was used was undone, `forget` must be called: numbers it had given out may be free again.
final class NumberedRows {
    private let database: any DatabaseConnection
    /// PostgreSQL refuses texts that are no UTF-8, and names come from clients: they are bytes there.
    private let hasBytes: Bool
    private let key = InternKey()
    private let nameKey = InternKey()
    private let names = Interner(places: 2048)
    private let principals = Interner()
    private let routes = Interner()
    private let targets = Interner()

    init(_ database: any DatabaseConnection) {
        self.database = database
        self.hasBytes = database.product == .postgres
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
            let text = Array(text.array.prefix(InternKey.maximumText))
            return try self.row(
                find: "SELECT id FROM names WHERE text = $1",
                add:
                    "INSERT INTO names (text) VALUES ($1) ON CONFLICT (text) DO UPDATE SET text = excluded.text RETURNING id"
            ) { (statement) throws(DatabaseError) in
                if self.hasBytes { try statement.bind(1, blob: text) } else { try statement.bind(1, text: text) }
            }
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
            return try self.row(
                find:
                    "SELECT id FROM principals WHERE key = $1 AND project = $2 AND organization = $3 AND \"user\" = $4",
                add: """
                    INSERT INTO principals (key, project, organization, "user") VALUES ($1, $2, $3, $4)
                    ON CONFLICT (key, project, organization, "user") DO UPDATE SET key = excluded.key RETURNING id
                    """
            ) { (statement) throws(DatabaseError) in
                for (index, column) in columns.enumerated() { try statement.bind(index + 1, blob: column) }
            }
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
                add: """
                    INSERT INTO routes (model, provider, model_sent) VALUES ($1, $2, $3)
                    ON CONFLICT (model, provider, model_sent) DO UPDATE SET model = excluded.model RETURNING id
                    """,
                [self.name(model), self.name(provider), self.name(modelSent)])
        }
    }

    func target(_ attempt: borrowing LentRecord.Attempt) throws(DatabaseError) -> Int64 {
        self.key.clear()
        attempt.provider.append(to: self.key)
        attempt.model.append(to: self.key)
        attempt.keyName.append(to: self.key)
        self.key.append(attempt.price)
        return try self.targets.number(of: self.key) { () throws(DatabaseError) in
            try self.row(
                find: "SELECT id FROM targets WHERE provider = $1 AND model = $2 AND key = $3 AND price = $4",
                add: """
                    INSERT INTO targets (provider, model, key, price) VALUES ($1, $2, $3, $4)
                    ON CONFLICT (provider, model, key, price) DO UPDATE SET price = excluded.price RETURNING id
                    """,
                [
                    self.name(attempt.provider), self.name(attempt.model), self.name(attempt.keyName),
                    Int64(bitPattern: attempt.price),
                ])
        }
    }

    /// The number by which a process is known, whose journal is read.
    func owner(host: UInt32, instance: UInt32, role: Role) throws(DatabaseError) -> UInt32 {
        let number = try self.row(
            find: "SELECT id FROM owners WHERE host = $1 AND instance = $2 AND role = $3",
            add: """
                INSERT INTO owners (host, instance, role) VALUES ($1, $2, $3)
                ON CONFLICT (host, instance) DO UPDATE SET role = owners.role RETURNING id
                """,
            [Int64(host), Int64(instance), Int64(role.rawValue)])
        return UInt32(clamping: number)
    }

    private func row(find: SQL, add: SQL, _ values: [Int64]) throws(DatabaseError) -> Int64 {
        try self.row(find: find, add: add) { (statement) throws(DatabaseError) in
            for (index, value) in values.enumerated() { try statement.bind(index + 1, value) }
        }
    }

    /// Another host may add the same row meanwhile: then its number is the one.
    private func row(
        find: SQL, add: SQL, bind: (any DatabaseStatement) throws(DatabaseError) -> Void
    ) throws(DatabaseError) -> Int64 {
        for sql in [find, add] {
            let statement = try self.database.statement(sql)
            try bind(statement)
            if try statement.step() {
                let number = statement.integer(0)
                // To its end, as an INSERT must.
                try statement.run()
                return number
            }
        }
        return 0
    }
}
