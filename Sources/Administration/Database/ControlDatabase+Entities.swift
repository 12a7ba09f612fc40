import Database
import Domain

// Limits of projects, organizations, users and the static key. Like a change of a key, every change of these has a number.
extension ControlDatabase {
    private static let columns: SQL = """
        entities.scope, entities.id, projects.time_zone, projects.weight, projects.models, projects.deleted,
        \(SQL.joined(ControlSchema.limitColumns.map { "entities.\($0)" as SQL }))
        """
    private static let from: SQL = """
        FROM entities LEFT JOIN projects ON entities.scope = \(LimitScope.project.rawValue) AND projects.id = entities.id
        """

    /// The limits that were set; none where nothing was.
    func limits(of scope: LimitScope, _ id: EntityID) throws(DatabaseError) -> LimitSet {
        let select = try self.connection.statement(
            "SELECT \(SQL.joined(ControlSchema.limitColumns)) FROM entities WHERE scope = $1 AND id = $2")
        defer { select.reset() }
        try select.bind(1, Int64(scope.rawValue))
        try select.bind(2, id: id)
        return try select.step() ? select.limits(0) : LimitSet()
    }

    /// Sets all limits at once; those that `limits` does not have are none from then on. `number` is that of the change.
    func set(_ limits: LimitSet, of scope: LimitScope, _ id: EntityID, number: Int64) throws(DatabaseError) {
        let upsert = try self.connection.statement(
            """
            INSERT INTO entities(scope, id, change_seq, \(SQL.joined(ControlSchema.limitColumns)))
            VALUES (\(Self.parameters(1..<(4 + LimitKind.allCases.count))))
            ON CONFLICT(scope, id) DO UPDATE SET change_seq = $3, \(Self.assignments(from: 4))
            """)
        try upsert.bind(1, Int64(scope.rawValue))
        try upsert.bind(2, id: id)
        try upsert.bind(3, number)
        try upsert.bind(4, limits: limits)
        try upsert.run()
    }

    /// Those that changed after change `number`, in the order of the changes; all for 0.
    func entities(changedAfter number: UInt64) throws(DatabaseError) -> [EntityRecord] {
        let select = try self.connection.statement(
            "SELECT \(Self.columns) \(Self.from) WHERE entities.change_seq > $1 ORDER BY entities.change_seq")
        defer { select.reset() }
        try select.bind(1, Int64(clamping: number))
        var entities: [EntityRecord] = []
        while try select.step() {
            guard let scope = UInt8(exactly: select.integer(0)).flatMap({ LimitScope(rawValue: $0) }),
                let id = select.id(1)
            else { throw self.damaged("the scope or the id of an entity is none") }
            // Of a deleted project nothing is left to be known.
            guard select.isNull(5) else {
                entities.append(EntityRecord(scope: scope, id: id, limits: LimitSet()))
                continue
            }
            // What is no project has neither.
            guard let weight = Self.weight(select.optionalInteger(3) ?? 1), let models = select.models(4) else {
                throw self.damaged("a project's weight or list of models is none")
            }
            let zone = select.text(2)
            entities.append(
                EntityRecord(
                    scope: scope, id: id, limits: select.limits(6), timeZone: zone.utf8.isEmpty ? nil : zone,
                    weight: weight, models: models))
        }
        return entities
    }
}
