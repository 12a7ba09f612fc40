public import Domain
public import JSON

/// One change, as the audit log keeps it. It holds no secret.
public struct AuditEntry: Hashable, Sendable {
    /// What was done.
    public enum Action: String, Hashable, Sendable, CaseIterable {
        case create, update, delete, revoke, regenerate
        /// Requests are let through again; the gateway is asked to do something; everything is sealed anew.
        case release, order, rotate
    }

    /// What it was done to.
    public enum Kind: String, Hashable, Sendable, CaseIterable {
        case organization, project, key, token, provider, alias, price, limits, catalogue, quarantine, gateway
        case masterKey = "master_key"
    }

    public var origin: AuditOrigin
    public var action: Action
    public var kind: Kind
    /// An id, or the name of what has none.
    public var target: String
    /// Whose it is; nil for what all organizations share.
    public var organization: EntityID?
    /// The object before and after, as JSON without secrets; nil where there was or is none.
    public var before: [UInt8]?
    public var after: [UInt8]?

    public init(
        _ origin: AuditOrigin, _ action: Action, _ kind: Kind, _ target: String, organization: EntityID?,
        before: [UInt8]? = nil, after: [UInt8]? = nil
    ) {
        self.origin = origin
        self.action = action
        self.kind = kind
        self.target = target
        self.organization = organization
        self.before = before
        self.after = after
    }

    /// The text of an object; `members` writes what is in it.
    public static func object(_ members: (inout JSONWriter) -> Void) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        members(&writer)
        writer.endObject()
        return writer.bytes
    }
}
