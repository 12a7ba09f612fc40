/// One step of a schema: what brings a database from the version before to this one. Steps only go forward.
///
/// A database takes the steps that are for both products and those for its own. Versions rise; a product may begin with a later one.
public struct Migration: Hashable, Sendable {
    /// From 1; kept in a SQLite file as `user_version`, in PostgreSQL in the table `schema_version`.
    public let version: Int32
    /// The one product that the step is for; nil for both.
    public let product: DatabaseProduct?
    /// The statements, run in one transaction.
    public let statements: [SQL]

    public init(version: Int32, on product: DatabaseProduct? = nil, statements: [SQL]) {
        self.version = version
        self.product = product
        self.statements = statements
    }
}

extension [Migration] {
    /// The steps that a database of `product` takes.
    func steps(of product: DatabaseProduct) -> [Migration] {
        self.filter { $0.product == nil || $0.product == product }
    }
}
