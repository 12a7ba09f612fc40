import Domain
import JSON

/// What the administration keeps under an id of its own, shows, lists and changes: an organization, a project, a key, a token.
protocol AdministeredRecord: Equatable {
    /// What its id names.
    static var kind: EntityID.Kind { get }
    var id: EntityID { get }
    /// One more with each change; the entity tag.
    var version: Int64 { get set }

    /// Writes the members that are shown, none of them a secret.
    func write(to writer: inout JSONWriter)
}

extension AdministeredRecord {
    /// For the audit log.
    var audited: [UInt8] { AuditEntry.object { self.write(to: &$0) } }

    /// What `body` makes of it, as its next version; nil where that changes nothing.
    func changed(by body: (inout Self) -> Void) -> Self? {
        var after = self
        body(&after)
        guard after != self else { return nil }
        after.version += 1
        return after
    }
}

extension AdministrationReply {
    /// Shows one.
    init(_ record: some AdministeredRecord) {
        self.init(version: record.version) { record.write(to: &$0) }
    }

    /// A page of a listing: at most `limit` of those found, of which there is one more where there are more.
    init<Record: AdministeredRecord>(found: [Record], limit: Int) {
        let page = PageRoom.page(found, limit: limit, \.audited)
        let next = page.count < found.count ? page.last?.id.text(Record.kind) : nil
        self.init(page: page, next: next) { $0.write(to: &$1) }
    }
}

extension JSONWriter {
    /// A point in time, milliseconds since 1970; null for nil.
    mutating func member(_ name: StaticString, time: UInt64?) {
        self.key(name)
        self.string(optional: time.map { TimeText.text(milliseconds: $0) })
    }
}
