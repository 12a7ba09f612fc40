/// A part of a path or of a query.
public struct APIParameter: Hashable, Sendable {
    public enum Place: Hashable, Sendable { case path, query }

    public var name: String
    public var place: Place
    public var schema: APISchema
    /// One line.
    public var summary: String

    public init(_ name: String, in place: Place, _ schema: APISchema, _ summary: String) {
        self.name = name
        self.place = place
        self.schema = schema
        self.summary = summary
    }
}
