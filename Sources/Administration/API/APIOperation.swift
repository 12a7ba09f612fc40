/// What is to be said of a route: all but its handler, so that it can be told from one thread to another.
public struct APIOperation: Sendable {
    public var method: AdministrationRequest.Method
    /// The path behind `/api/v1/`, segment by segment: `["projects", "{project}", "keys"]`.
    public var path: [String]
    /// The operation's id in OpenAPI, such as `createKey`; unique.
    public var id: String
    /// One line.
    public var summary: String
    /// The heading it stands under, such as `keys`.
    public var tag: String
    /// What may stand in the query, and what the segments in braces are.
    public var parameters: [APIParameter]
    /// The body; nil where there is none.
    public var body: APISchema?
    /// By status; only those of success. What can be refused is the same for all and added by the document.
    public var replies: [Int: APISchema?]
    /// Whether the answer of success can be a table in CSV instead.
    public var isTable: Bool
    /// Whether the operators' socket alone serves it.
    public var isLocal: Bool
}
