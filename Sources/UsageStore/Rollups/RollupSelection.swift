import Database
import Domain

/// Which rows of sums a question reads: the coarsest kind of scopes that can tell what it asks for, and which of these.
struct RollupSelection {
    /// One search for each scope is quicker than a look at all scopes between the first and the last, up to this many.
    private static let mostSearches = 32

    let kind: RollupScope.Kind
    /// What each scope's requests have in common, by the query's dimensions about who it was; nil: nothing of that kind is asked for, and
    /// every scope counts.
    let groups: [Int64: [UsageReport.Group]]?

    /// `kind`: the one that has to be used, nil for the coarsest that will do.
    init(_ query: RollupQuery, in database: any DatabaseConnection, kind: RollupScope.Kind? = nil) throws(DatabaseError)
    {
        let coarsest = query.coarsestScope
        let kind = kind ?? coarsest
        self.kind = kind
        self.groups = coarsest == .gateway ? nil : try Self.groups(query, kind, database)
    }

    /// From the first to the last scope of each search.
    var searches: [ClosedRange<Int64>] {
        guard let groups = self.groups else { return [self.kind.range] }
        if groups.count <= Self.mostSearches { return groups.keys.sorted().map { $0...$0 } }
        guard let first = groups.keys.min(), let last = groups.keys.max() else { return [] }
        return [first...last]
    }

    private static func groups(
        _ query: RollupQuery, _ kind: RollupScope.Kind, _ database: any DatabaseConnection
    ) throws(DatabaseError) -> [Int64: [UsageReport.Group]] {
        let dimensions = query.dimensions.filter(\.isAboutCaller)
        var groups: [Int64: [UsageReport.Group]] = [:]
        // Those whose principal is not known (yet) are nobody's: they are left out where somebody's are asked for.
        let filters = query.callerFilters
        if filters.isEmpty { groups[kind.base] = dimensions.map { _ in .unknown } }
        var conditions = filters.enumerated().map { "\($0.element.column) = $\($0.offset + 1)" as SQL }
        let table: SQL
        if kind == .principal {
            table = "SELECT id, organization, project, key, \"user\" FROM principals"
        } else {
            table = "SELECT id, organization, project FROM rollup_scopes"
            conditions.append("kind = \(kind.rawValue)")
        }
        let filter: SQL = conditions.isEmpty ? "" : " WHERE \(SQL.joined(conditions, by: " AND "))"
        try database.forEachRow(
            "\(table)\(filter)",
            bind: { (statement) throws(DatabaseError) in
                for (index, filter) in filters.enumerated() { try statement.bind(index + 1, blob: filter.id.bytes) }
            },
            { (statement) throws(DatabaseError) in
                groups[kind.scope(statement.integer(0))] = dimensions.map { dimension in
                    EntityID(bytes: statement.bytes(dimension.place)).map { .entity($0) } ?? .unknown
                }
            })
        return groups
    }
}

extension RollupQuery {
    fileprivate struct Filter {
        var column: SQL
        var id: EntityID
    }

    fileprivate var callerFilters: [Filter] {
        let filters: [(SQL, EntityID?)] = [
            ("organization", self.organization), ("project", self.project), ("key", self.key), ("\"user\"", self.user),
        ]
        return filters.compactMap { column, id in id.map { Filter(column: column, id: $0) } }
    }

    fileprivate var coarsestScope: RollupScope.Kind {
        let asked = Set(self.dimensions)
        if self.key != nil || self.user != nil || asked.contains(.key) || asked.contains(.user) { return .principal }
        if self.project != nil || asked.contains(.project) { return .project }
        return self.organization != nil || asked.contains(.organization) ? .organization : .gateway
    }
}

extension RollupDimension {
    /// Who made the request, and not how it was answered.
    var isAboutCaller: Bool {
        switch self {
        case .organization, .project, .key, .user: true
        case .provider, .model, .modelSent: false
        }
    }

    /// The column of `principals` and `rollup_scopes`, behind the id.
    fileprivate var place: Int {
        switch self {
        case .project: 2
        case .key: 3
        case .user: 4
        case .organization, .provider, .model, .modelSent: 1
        }
    }
}
