import Database

/// Providers, aliases and prices that the API adds to the configuration.
extension AdministrationStore {
    /// What is to become of an object.
    public enum ObjectDecision: Sendable {
        case put(ObjectRecord)
        case delete
        case refuse(AdministrationFailure)
    }

    /// All of them, at one time.
    public func objects() throws(AdministrationFailure) -> ObjectRecords {
        try self.storage { () throws(DatabaseError) in
            try self.connection.transaction { () throws(DatabaseError) in
                try ObjectTable(database: self.connection).all()
            }
        }
    }

    /// The number of their last change; costs next to nothing.
    public func objectsNumber() throws(AdministrationFailure) -> Int64 {
        try self.storage { () throws(DatabaseError) in try ObjectTable(database: self.connection).number() }
    }

    /// Changes one object. `decide` sees all of them, which nobody else changes meanwhile, and may be called again. Returns the number of
    /// the change among those of objects, of which `answer` is told.
    public func changeObject(
        kind: AuditEntry.Kind, number: Int64, name: String, from origin: AuditOrigin, answer: Answer<Int64>? = nil,
        _ decide: (ObjectRecords) -> ObjectDecision
    ) throws(AdministrationFailure) -> Int64 {
        try self.commit(answer: answer) { (change) throws(DatabaseError) in
            let table = ObjectTable(database: self.connection)
            let records = try table.all()
            let old = records.records.first { $0.kind == number && $0.name.utf8.elementsEqual(name.utf8) }
            var new: ObjectRecord?
            switch decide(records) {
            case .refuse(let failure): throw self.refuse(failure)
            case .put(let record):
                guard old != nil || records.records.count < ObjectTable.limit else {
                    throw self.refuse(
                        AdministrationFailure(
                            status: 409, code: "too_many",
                            message: "there are \(ObjectTable.limit) providers, aliases and prices already"))
                }
                new = record
                try table.put(record)
            case .delete: try table.delete(kind: number, name: name)
            }
            let action: AuditEntry.Action = new == nil ? .delete : old == nil ? .create : .update
            // Bodies have masks in the places of secrets.
            let entry = AuditEntry(origin, action, kind, name, organization: nil, before: old?.body, after: new?.body)
            return (try table.raise(), entry)
        }
    }
}
