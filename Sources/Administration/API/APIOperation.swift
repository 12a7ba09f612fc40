/// What is to be said of a route: all but its handler, so that it can be told from one thread to another.
public struct APIOperation: Sendable {
    public var method: AdministrationRequest.Method
    public var path: [String]
    public var id: String
    public var summary: String
    public var tag: String
    public var parameters: [APIParameter]
    public var body: APISchema?
    public var replies: [Int: APISchema?]
    public var isLocal: Bool
}

extension APIRoute {
    public var operation: APIOperation {
        APIOperation(
            method: self.method, path: self.path, id: self.id, summary: self.summary, tag: self.tag,
            parameters: self.parameters, body: self.body, replies: self.replies, isLocal: self.isLocal)
    }
}
