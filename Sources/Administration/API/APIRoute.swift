/// One operation of the administration: what it is called, what goes in and out, and who answers it. The service is a table of these;
/// `/openapi.json` is written from the same table, so it cannot promise what is not served.
public struct APIRoute {
    public typealias Handler = (inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply

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
    /// Whether the operators' socket alone serves it.
    public var isLocal: Bool
    /// What who asks must be allowed to do in the gateway as a whole before the form of the request is looked at; nil where the handler alone
    /// can tell.
    public var action: AdministrationAction?
    public var handler: Handler

    public init(
        _ method: AdministrationRequest.Method, _ path: [String], id: String, summary: String, tag: String,
        parameters: [APIParameter] = [], body: APISchema? = nil, replies: [Int: APISchema?], isLocal: Bool = false,
        requires action: AdministrationAction? = nil, handler: @escaping Handler
    ) {
        self.method = method
        self.path = path
        self.id = id
        self.summary = summary
        self.tag = tag
        self.parameters = parameters
        self.body = body
        self.replies = replies
        self.isLocal = isLocal
        self.action = action
        self.handler = handler
    }
}
