import Database
import Domain

extension ControlDatabase {
    /// The schema of the control database on a server.
    static let schema: SQL = "sluice_control"
    /// What says on a server that something was changed. Only a hint: who has missed it looks each second.
    static let channel: SQL = "sluice_control"

    /// A connection to the database of a server; it connects at its first use and again when it was lost. Changes go one after the other by the row
    /// that has their number, so statements need not see more than what is committed.
    static func server(
        _ address: PostgresAddress, migrations: [Migration] = ControlSchema.migrations
    ) -> any DatabaseConnection {
        PostgresConnection(
            PostgresOptions(
                address: address, schema: self.schema, applicationName: "sluice control", isolation: .readCommitted),
            migrations: migrations)
    }

    /// Tells the other hosts of the change under way, once it is committed.
    func tellOthers() throws(DatabaseError) {
        guard self.connection.product == .postgres else { return }
        try self.connection.execute("NOTIFY \(Self.channel)")
    }

    /// Waits up to `milliseconds` until others may have changed something; at once where it has just been connected.
    func awaitChanges(milliseconds: UInt64) throws(DatabaseError) {
        guard let server = self.connection as? PostgresConnection else { return }
        try server.listen(Self.channel)
        guard try server.notifications().isEmpty else { return }
        server.waitForNotification(milliseconds: milliseconds)
        // What has come is taken, so that it does not wake the next call.
        _ = try server.notifications()
    }
}
