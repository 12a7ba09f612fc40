/// One operation of the administration: what it is called, what goes in and out, and who answers it. The service is a table of these;
/// `/openapi.json` is written from the same table, so it cannot promise what is not served.
@dynamicMemberLookup
public struct APIRoute {
    public typealias Handler = (inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply

    public let operation: APIOperation
    /// What who asks must be allowed to do in the gateway as a whole before the form of the request is looked at; nil where the handler alone
    /// can tell.
    public let action: AdministrationAction?
    public let handler: Handler

    /// The parameters are as in `APIOperation`.
    public init(
        _ method: AdministrationRequest.Method, _ path: [String], id: String, summary: String, tag: String,
        parameters: [APIParameter] = [], body: APISchema? = nil, replies: [Int: APISchema?],
        isTable: Bool = false, isLocal: Bool = false, requires action: AdministrationAction? = nil,
        handler: @escaping Handler
    ) {
        self.operation = APIOperation(
            method: method, path: path, id: id, summary: summary, tag: tag, parameters: parameters, body: body,
            replies: replies, isTable: isTable, isLocal: isLocal)
        self.action = action
        self.handler = handler
    }

    public subscript<Value>(dynamicMember member: KeyPath<APIOperation, Value>) -> Value {
        self.operation[keyPath: member]
    }
}
