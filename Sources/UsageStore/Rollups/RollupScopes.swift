import Database
import Domain

/// Which scopes the requests of a principal count for. Finds the numbers of projects and organizations, and makes them where there are none yet.
///
/// After a transaction in which it was used was undone, `forget` must be called: numbers it had given out may be free again.
final class RollupScopes {
    private static let maximum = 20_000

    private let database: any DatabaseConnection
    private var known: [Int64: [Int64]] = [:]

    init(_ database: any DatabaseConnection) {
        self.database = database
    }

    func forget() { self.known.removeAll(keepingCapacity: true) }

    /// One of each kind. `number` is the principal's, 0 for one that is not known.
    func scopes(ofPrincipal number: Int64) throws(DatabaseError) -> [Int64] {
        if let known = self.known[number] { return known }
        var project: Int64 = 0
        var organization: Int64 = 0
        if number > 0 {
            let statement = try self.database.statement("SELECT organization, project FROM principals WHERE id = $1")
            try statement.bind(1, number)
            if try statement.step() {
                let ids = (statement.bytes(0), statement.bytes(1))
                statement.reset()
                project = try self.number(.project, organization: ids.0, project: ids.1)
                organization = try self.number(.organization, organization: ids.0, project: [])
            }
        }
        let scopes = [
            RollupScope.Kind.principal.scope(number), RollupScope.Kind.project.scope(project),
            RollupScope.Kind.organization.scope(organization), RollupScope.Kind.gateway.base,
        ]
        if self.known.count >= Self.maximum { self.known = [:] }
        self.known[number] = scopes
        return scopes
    }

    private func number(
        _ kind: RollupScope.Kind, organization: [UInt8], project: [UInt8]
    ) throws(DatabaseError) -> Int64 {
        let find: SQL = "SELECT id FROM rollup_scopes WHERE kind = $1 AND project = $2 AND organization = $3"
        // Another host may add the same one meanwhile: then its number is the one.
        let add: SQL = """
            INSERT INTO rollup_scopes (kind, project, organization) VALUES ($1, $2, $3)
            ON CONFLICT (kind, project, organization) DO UPDATE SET kind = excluded.kind RETURNING id
            """
        for sql in [find, add] {
            let statement = try self.database.statement(sql)
            try statement.bind(1, kind.rawValue)
            try statement.bind(2, blob: project)
            try statement.bind(3, blob: organization)
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

extension RollupGather {
    /// The rows that change, and by how much: of hours and of days.
    func rows(_ scopes: RollupScopes) throws(DatabaseError) -> (hours: RollupRows, days: RollupRows) {
        var hours: RollupRows = [:]
        var days: RollupRows = [:]
        for group in self.groups where !group.sums.isEmpty {
            for scope in try scopes.scopes(ofPrincipal: group.key.principal) {
                let hour = RollupKey(period: group.key.hour, scope: scope, route: group.key.route)
                hours[hour, default: RollupSums()].add(group.sums)
                let day = RollupKey(period: group.key.day, scope: scope, route: group.key.route)
                days[day, default: RollupSums()].add(group.sums)
            }
        }
        return (hours, days)
    }
}
