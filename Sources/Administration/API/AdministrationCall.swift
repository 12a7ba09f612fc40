public import Domain

/// A request on its way through its handler: who asks, what the path names, and the members of query and body, which are taken out one
/// by one.
///
/// A handler authorises itself: it calls `require` with the action and where it takes place before it tells or changes anything.
public struct AdministrationCall {
    public let request: AdministrationRequest
    /// What the segments in braces are in this path, decoded.
    public let segments: [String: String]
    /// The members of the body, or of the query where the method has no body.
    public var fields: RequestFields

    public init(
        _ request: AdministrationRequest, segments: [String: String], fields: RequestFields
    ) {
        self.request = request
        self.segments = segments
        self.fields = fields
    }

    public var actor: AdministrationActor { self.request.actor }

    /// The id that a segment in braces is; throws 404, in the words of `absent`, for a text that is none.
    public func id(
        _ segment: String, _ kind: EntityID.Kind, absent: AdministrationFailure = .hidden
    ) throws(AdministrationFailure) -> EntityID {
        guard let id = EntityID(text: self.segments[segment] ?? "", kind) else { throw absent }
        return id
    }

    /// The key of the path, if the actor may do this with it. One of another organization is as absent as one that never was.
    func key(
        of store: AdministrationStore, _ action: AdministrationAction
    ) throws(AdministrationFailure) -> KeyRecord {
        let key = try store.key(self.id("key", .key, absent: .noKey))
        try self.require(action, in: .organization(key.organization), absent: .noKey)
        return key
    }

    /// Throws 404 (as for what is absent, in the words of `absent`) or 403 where the actor may not.
    public func require(
        _ action: AdministrationAction, in scope: AdministrationScope, absent: AdministrationFailure = .hidden
    ) throws(AdministrationFailure) {
        try AdministrationPolicy.require(self.actor, action, in: scope, absent: absent)
    }

    /// Throws 412 where the request says `If-Match` with another version than this.
    public func requireMatch(version: Int64) throws(AdministrationFailure) {
        try self.requireMatch(tag: "\(version)", "it has been changed since: read it again (its version is \(version))")
    }

    /// The same for what has another tag than a version; `message` is what a refusal says.
    public func requireMatch(tag: String, _ message: @autoclosure () -> String) throws(AdministrationFailure) {
        guard let wanted = self.request.ifMatch, !wanted.utf8.elementsEqual("*".utf8) else { return }
        let tag = "\"\(tag)\""
        let tags = wanted.utf8.split(separator: UInt8(ascii: ","))
        let matches = tags.contains { candidate in
            candidate.drop { $0 == 0x20 || $0 == 0x09 }.prefix { $0 != 0x20 && $0 != 0x09 }.elementsEqual(tag.utf8)
        }
        guard matches else {
            throw AdministrationFailure(status: 412, code: "version_mismatch", message: message())
        }
    }
}
