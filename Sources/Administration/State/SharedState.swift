import Database
public import Domain
import EventLog
import Glibc
import Limits
import Platform
import UsageStore

/// The files of a running gateway, looked at by programs that may take over from it. Nothing is changed.
public enum SharedState {
    /// Why programs with the formats of this one cannot work with the files that are there; nil where they can.
    public static func obstacle(stateDirectory: String) -> String? {
        let databases: [(name: String, application: Int32, newest: UInt32)] = [
            (ControlSchema.fileName, ControlSchema.applicationID, SharedFormats.controlSchema),
            (UsageSchema.fileName, UsageSchema.applicationID, SharedFormats.usageSchema),
        ]
        for (name, application, newest) in databases {
            let path = "\(stateDirectory)/\(name)"
            guard unsafe access(path, F_OK) == 0 else { continue }
            do throws(DatabaseError) {
                let present = try Self.version(path, application)
                guard present <= Int64(newest) else {
                    return "\(path) has schema version \(present), the new program \(newest)"
                }
            } catch {
                return "\(error)"
            }
        }
        return nil
    }

    /// Projects with a time zone of their own, as far as this machine knows the zones; none where they cannot be read.
    public static func projectTimeZones(
        stateDirectory: String, server: PostgresAddress? = nil
    ) -> [LimitTableSettings.Project] {
        let zones = ZoneCache(clock: Timestamp.now)
        var projects: [LimitTableSettings.Project] = []
        do throws(DatabaseError) {
            let database: any DatabaseConnection
            if let server {
                database = ControlDatabase.server(server, migrations: [])
            } else {
                database = try Self.open("\(stateDirectory)/\(ControlSchema.fileName)", ControlSchema.applicationID)
            }
            let select = try database.statement(
                "SELECT id, time_zone FROM projects WHERE time_zone <> '' ORDER BY name")
            while try select.step() {
                guard let id = select.id(0), let zone = zones.rules(select.text(1)) else { continue }
                projects.append(.init(id: id, timeZone: zone))
            }
        } catch {
            return []
        }
        return projects
    }

    private static func version(_ path: String, _ application: Int32) throws(DatabaseError) -> Int64 {
        try Self.open(path, application).integer("PRAGMA user_version") ?? 0
    }

    private static func open(_ path: String, _ application: Int32) throws(DatabaseError) -> SQLiteDatabase {
        try SQLiteDatabase(path: path, options: SQLiteOptions(access: .readOnly, applicationID: application))
    }
}
