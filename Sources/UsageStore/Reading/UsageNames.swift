import Database
import Domain

/// Looks up what the numbers in rows mean, and remembers a bounded number of answers.
final class UsageNames {
    /// A route: the model asked for, who answered, the model sent.
    struct Route {
        var model: [UInt8] = []
        var provider: [UInt8] = []
        var modelSent: [UInt8] = []
    }

    private static let maximum = 10_000
    private let database: any DatabaseConnection
    private var principals: [Int64: Principal] = [:]
    private var routes: [Int64: Route] = [:]
    private var targets: [Int64: (provider: [UInt8], model: [UInt8])] = [:]
    private var names: [Int64: [UInt8]] = [:]

    init(_ database: any DatabaseConnection) {
        self.database = database
    }

    func principal(_ number: Int64) throws(DatabaseError) -> Principal? {
        if let known = self.principals[number] { return known }
        let statement = try self.database.statement(
            "SELECT organization, project, key, \"user\" FROM principals WHERE id = $1")
        try statement.bind(1, number)
        guard try statement.step() else { return nil }
        defer { statement.reset() }
        let ids = (0..<4).map { EntityID(bytes: statement.bytes($0)) }
        guard let organization = ids[0], let project = ids[1], let key = ids[2] else { return nil }
        let principal = Principal(organization: organization, project: project, key: key, user: ids[3])
        if self.principals.count >= Self.maximum { self.principals = [:] }
        self.principals[number] = principal
        return principal
    }

    func route(_ number: Int64) throws(DatabaseError) -> Route {
        if let known = self.routes[number] { return known }
        let statement = try self.database.statement("SELECT model, provider, model_sent FROM routes WHERE id = $1")
        try statement.bind(1, number)
        guard try statement.step() else { return Route() }
        let ids = (0..<3).map { statement.integer($0) }
        statement.reset()
        let route = Route(
            model: try self.name(ids[0]), provider: try self.name(ids[1]), modelSent: try self.name(ids[2]))
        if self.routes.count >= Self.maximum { self.routes = [:] }
        self.routes[number] = route
        return route
    }

    /// Whom a call went to, and the model as it was sent; empty where that is not known.
    func target(_ number: Int64) throws(DatabaseError) -> (provider: [UInt8], model: [UInt8]) {
        if let known = self.targets[number] { return known }
        let statement = try self.database.statement("SELECT provider, model FROM targets WHERE id = $1")
        try statement.bind(1, number)
        guard try statement.step() else { return ([], []) }
        let ids = (statement.integer(0), statement.integer(1))
        statement.reset()
        let target = (provider: try self.name(ids.0), model: try self.name(ids.1))
        if self.targets.count >= Self.maximum { self.targets = [:] }
        self.targets[number] = target
        return target
    }

    func name(_ number: Int64) throws(DatabaseError) -> [UInt8] {
        if number == 0 { return [] }
        if let known = self.names[number] { return known }
        let statement = try self.database.statement("SELECT text FROM names WHERE id = $1")
        try statement.bind(1, number)
        guard try statement.step() else { return [] }
        let name = statement.bytes(0)
        statement.reset()
        if self.names.count >= Self.maximum { self.names = [:] }
        self.names[number] = name
        return name
    }
}
