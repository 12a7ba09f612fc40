import Database

/// The catalogue in force, and one that waits to be.
extension AdministrationStore {
    /// What is to become of the one in force.
    public enum CatalogueDecision: Sendable {
        /// This takes its place; `before` and `after` are for the audit log.
        case put(CatalogueRecord, before: [UInt8]?, after: [UInt8])
        /// Nothing would change.
        case leave
        case refuse(AdministrationFailure)
    }

    /// The one in force; nil before any was applied.
    public func catalogue() throws(AdministrationFailure) -> CatalogueRecord? {
        try self.storage { () throws(DatabaseError) in try self.catalogue(.inForce) }
    }

    /// The one that was read last; nil before any was.
    public func catalogueCandidate() throws(AdministrationFailure) -> CatalogueRecord? {
        try self.storage { () throws(DatabaseError) in try self.catalogue(.candidate) }
    }

    /// What is said of both, without their models; costs next to nothing.
    public func catalogueHeads() throws(AdministrationFailure) -> (
        inForce: CatalogueRecord.Head?, candidate: CatalogueRecord.Head?
    ) {
        try self.storage { () throws(DatabaseError) in
            let table = CatalogueTable(database: self.connection)
            return (try table.head(.inForce), try table.head(.candidate))
        }
    }

    /// Keeps what was read for whoever decides. Where it is what was read before, only the time is new. It changes nothing that is in
    /// force.
    public func keep(candidate record: CatalogueRecord) throws(AdministrationFailure) {
        try self.storage { () throws(DatabaseError) in
            try self.connection.transaction { () throws(DatabaseError) in
                let table = CatalogueTable(database: self.connection)
                let head = try table.head(.candidate)
                guard let head, head.digest == record.head.digest, head.source == record.head.source,
                    head.notes == record.head.notes
                else { return try table.put(record, .candidate) }
                try table.check(tag: record.head.tag, at: record.head.checked)
            }
        }
    }

    /// The source of the one that waits, which has this digest, has said that nothing is new.
    public func checked(candidate head: CatalogueRecord.Head, tag: String?) throws(AdministrationFailure) {
        try self.storage { () throws(DatabaseError) in
            try self.connection.transaction { () throws(DatabaseError) in
                let table = CatalogueTable(database: self.connection)
                guard try table.head(.candidate)?.digest == head.digest else { return }
                try table.check(tag: tag, at: self.clock())
            }
        }
    }

    /// Puts another catalogue in force. `decide` sees the one in force and the one that waits, which nobody else changes meanwhile, and may be
    /// called again. Returns the number of the change among those of objects, by which it comes into force; nil where nothing changed.
    public func changeCatalogue(
        from origin: AuditOrigin,
        _ decide: (_ inForce: CatalogueRecord?, _ candidate: CatalogueRecord?) -> CatalogueDecision
    ) throws(AdministrationFailure) -> Int64? {
        try self.commit { (_) throws(DatabaseError) in
            let old = try self.catalogue(.inForce)
            switch decide(old, try self.catalogue(.candidate)) {
            case .refuse(let failure): throw self.refuse(failure)
            case .leave: return (nil, nil)
            case .put(var record, let before, let after):
                record.head.applied = self.clock()
                record.head.actor = origin.actorID
                record.head.actorName = origin.actorName
                try CatalogueTable(database: self.connection).put(record, .inForce)
                let entry = AuditEntry(
                    origin, old == nil ? .create : .update, .catalogue, record.head.source, organization: nil,
                    before: before, after: after)
                return (try ObjectTable(database: self.connection).raise(), entry)
            }
        }
    }

    /// Its models are fetched where they are not those that were there at the last call.
    private func catalogue(_ place: CatalogueTable.Place) throws(DatabaseError) -> CatalogueRecord? {
        let table = CatalogueTable(database: self.connection)
        guard let head = try table.head(place) else { return nil }
        if let known = self.catalogueBodies[place.rawValue], known.digest == head.digest {
            return CatalogueRecord(head, body: known.body)
        }
        guard let body = try table.body(place) else { return nil }
        self.catalogueBodies[place.rawValue] = (head.digest, body)
        return CatalogueRecord(head, body: body)
    }
}
