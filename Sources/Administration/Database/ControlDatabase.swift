import Database
import Domain
import Identity

/// The control database: organizations, projects, keys and their limits, in SQLite or PostgreSQL. Of a key only digests are kept that say nothing
/// without the vault.
///
/// Pure storage: it refuses what its schema refuses and knows nothing of requests. One connection, on one thread.
final class ControlDatabase {
    /// What the row about the database itself says.
    struct State: Hashable, Sendable {
        /// This database, whatever it is called.
        var id: EntityID
        /// The number of the last change.
        var sequence: UInt64
    }

    let connection: any DatabaseConnection

    /// Founds the database, with the default organization and projects, where that has not been done. The connection has brought the schema up.
    init(_ connection: any DatabaseConnection, newID: EntityID, now: UInt64) throws(DatabaseError) {
        self.connection = connection
        guard try self.optionalState() == nil else { return }
        try connection.transaction { () throws(DatabaseError) in
            // Another host may be doing the same.
            let control = try connection.statement(
                "INSERT INTO control(one, id, change_seq) VALUES (1, $1, 0) ON CONFLICT(one) DO NOTHING")
            try control.bind(1, id: newID)
            try control.run()
            let organization = try connection.statement(
                "INSERT INTO organizations(id, name, created) VALUES ($1, $2, $3) ON CONFLICT(id) DO NOTHING")
            try organization.bind(1, id: .standard)
            try organization.bind(2, text: "default")
            try organization.bind(3, time: now)
            try organization.run()
            for (id, name) in [(EntityID.standard, "default"), (.anonymous, "anonymous")] {
                let project = try connection.statement(
                    """
                    INSERT INTO projects(id, organization, name, created) VALUES ($1, $2, $3, $4)
                    ON CONFLICT(id) DO NOTHING
                    """)
                try project.bind(1, id: id)
                try project.bind(2, id: .standard)
                try project.bind(3, text: name)
                try project.bind(4, time: now)
                try project.run()
            }
        }
    }

    /// Which database this is, and how far it has come.
    func state() throws(DatabaseError) -> State {
        guard let state = try self.optionalState() else { throw self.damaged("the table control is empty") }
        return state
    }

    private func optionalState() throws(DatabaseError) -> State? {
        let select = try self.connection.statement("SELECT id, change_seq FROM control")
        defer { select.reset() }
        guard try select.step() else { return nil }
        guard let id = select.id(0), let sequence = UInt64(exactly: select.integer(1)) else {
            throw self.damaged("the row of the table control")
        }
        return State(id: id, sequence: sequence)
    }

    /// Runs `body` in a transaction with the number of the change it makes. Taking the number is the first thing a change does: writers, of other
    /// hosts too, go one after the other from there, so what `body` reads stays true and numbers follow commits.
    func change<Value>(_ body: (Int64) throws(DatabaseError) -> Value) throws(DatabaseError) -> Value {
        try self.connection.transaction { () throws(DatabaseError) in
            let value = try body(try self.nextNumber())
            try self.tellOthers()
            return value
        }
    }

    /// Takes the number of a change, within its transaction.
    func nextNumber() throws(DatabaseError) -> Int64 {
        let next = try self.connection.statement("UPDATE control SET change_seq = change_seq + 1 RETURNING change_seq")
        defer { next.reset() }
        guard try next.step() else { throw self.damaged("the table control is empty") }
        return next.integer(0)
    }

    func damaged(_ what: String) -> DatabaseError { DatabaseError(contentsOf: self.connection, what) }

    /// A project's weight; nil for a number that is none.
    static func weight(_ number: Int64) -> UInt16? {
        UInt16(exactly: number).flatMap { EntityRow.weights.contains($0) ? $0 : nil }
    }
}
