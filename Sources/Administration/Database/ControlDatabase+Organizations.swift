import Database
import Domain

extension ControlDatabase {
    /// The organization with that id, else the one with that name, unless it is deleted.
    func organization(id: EntityID?, name: String) throws(DatabaseError) -> (id: EntityID, name: String)? {
        guard !name.utf8.contains(0) else { return nil }
        let select =
            if let id {
                try self.byID(id)
            } else {
                try self.byName(name)
            }
        defer { select.reset() }
        guard try select.step() else { return nil }
        guard let found = select.id(0) else { throw self.damaged("an organization's id is none") }
        return (found, select.text(1))
    }

    private func byID(_ id: EntityID) throws(DatabaseError) -> any DatabaseStatement {
        let select = try self.connection.statement(
            "SELECT id, name FROM organizations WHERE id = $1 AND deleted IS NULL")
        try select.bind(1, id: id)
        return select
    }

    private func byName(_ name: String) throws(DatabaseError) -> any DatabaseStatement {
        let select = try self.connection.statement(
            "SELECT id, name FROM organizations WHERE name = $1 AND deleted IS NULL")
        try select.bind(1, text: name)
        return select
    }
}
