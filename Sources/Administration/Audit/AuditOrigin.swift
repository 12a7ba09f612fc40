import Domain

/// Who a change comes from: what the audit log says of it.
public struct AuditOrigin: Hashable, Sendable {
    public var actor: AdministrationActor
    /// The client's address; nil for what came over the operators' socket.
    public var address: String?
    /// The id of the request in logs.
    public var request: String?

    public init(_ actor: AdministrationActor, address: String? = nil, request: String? = nil) {
        self.actor = actor
        self.address = address
        self.request = request
    }

    /// The gateway itself, such as at its first start.
    public static let gateway = AuditOrigin(.anonymous)
    /// Somebody with access to the operators' socket or the state folder.
    public static let person = AuditOrigin(.person(user: 0))

    /// What is stored of the actor: the id of a token, `uid:` and the number of a person, or `gateway`.
    public var actorID: String { self.actor.auditID }

    /// The name of the token at that time.
    var actorName: String {
        switch self.actor {
        case .person: "operator"
        case .token(_, let name, _, _): name
        case .anonymous: "gateway"
        }
    }
}

extension AdministrationActor {
    /// Tells actors apart in the audit log and with Idempotency-Keys.
    var auditID: String {
        switch self {
        case .person(let user): "uid:\(user)"
        case .token(let id, _, _, _): id.text(.token)
        case .anonymous: "gateway"
        }
    }
}

extension AdministrationCall {
    /// For the audit log.
    public var origin: AuditOrigin {
        AuditOrigin(self.request.actor, address: self.request.address, request: self.request.requestID)
    }
}
