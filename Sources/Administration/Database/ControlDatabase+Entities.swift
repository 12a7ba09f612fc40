import Database
import Domain

// Like a change of a key, every change of these takes the next change number.
extension ControlDatabase {
    private static let columns: SQL = """
        scope, entities.id, projects.time_zone, projects.weight, projects.models,
        \(SQL.joined(ControlSchema.limitColumns))
        """
    private static let from: SQL = """
        FROM entities LEFT JOIN projects ON scope = \(LimitScope.project.rawValue) AND projects.id = entities.id
        """

    /// The limits that were set; none where nothing was.
    func limits(of scope: LimitScope, _ id: EntityID) throws(DatabaseError) -> LimitSet {
        let select = try self.database.statement(
            "SELECT \(SQL.joined(ControlSchema.limitColumns)) FROM entities WHERE scope = $1 AND id = $2")
        defer { select.reset() }
        try select.bind(1, Int64(scope.rawValue))
        try select.bind(2, id: id)
        return try select.step() ? select.limits(0) : LimitSet()
    }

    /// Sets all limits at once; those that `limits` does not have are none from then on.
    func set(_ limits: LimitSet, of scope: LimitScope, _ id: EntityID) throws(DatabaseError) {
        let upsert = try self.database.statement(
            """
            INSERT INTO entities(scope, id, change_seq, \(SQL.joined(ControlSchema.limitColumns)))
            VALUES (\(Self.parameters(1..<(4 + LimitKind.allCases.count))))
            ON CONFLICT(scope, id) DO UPDATE SET change_seq = $3, \(Self.assignments(from: 4))
            """)
        try upsert.bind(1, Int64(scope.rawValue))
        try upsert.bind(2, id: id)
        try upsert.bind(3, try self.nextSequence())
        try upsert.bind(4, limits: limits)
        try upsert.run()
    }

    /// Gives a change of a project's row its number.
    func noteChange(ofProject id: EntityID) throws(DatabaseError) {
        try self.set(try self.limits(of: .project, id), of: .project, id)
    }

    /// Those that changed after change `sequence`, in the order of the changes; all for 0.
    func entities(changedAfter sequence: UInt64) throws(DatabaseError) -> [EntityRecord] {
        let select = try self.database.statement(
            "SELECT \(Self.columns) \(Self.from) WHERE change_seq > $1 ORDER BY change_seq")
        defer { select.reset() }
        try select.bind(1, Int64(clamping: sequence))
        var entities: [EntityRecord] = []
        while try select.step() {
            guard let scope = UInt8(exactly: select.integer(0)).flatMap({ LimitScope(rawValue: $0) }),
                let id = select.id(1)
            else { throw Self.damaged(self.database, "the scope or the id of an entity is none") }
            // What is no project has neither.
            guard let weight = Self.weight(select.optionalInteger(3) ?? 1), let models = select.models(4) else {
                throw Self.damaged(self.database, "a project's weight or list of models is none")
            }
            let zone = select.text(2)
            entities.append(
                EntityRecord(
                    scope: scope, id: id, limits: select.limits(5), timeZone: zone.utf8.isEmpty ? nil : zone,
                    weight: weight, models: models))
        }
        return entities
    }
}
