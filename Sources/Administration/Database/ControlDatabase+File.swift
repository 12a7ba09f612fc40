import Database
import EventLog

extension ControlDatabase {
    /// A connection to control.db in the folder, which is made where it is missing. What is deleted there is overwritten.
    static func file(stateDirectory: String) throws(StartFailure) -> any DatabaseConnection {
        do throws(DatabaseError) {
            return try SQLiteDatabase(
                path: "\(stateDirectory)/\(ControlSchema.fileName)",
                options: SQLiteOptions(applicationID: ControlSchema.applicationID, erasesDeleted: true),
                migrations: ControlSchema.migrations)
        } catch {
            throw StartFailure("\(error)", code: ControlExitCode.stateDamaged)
        }
    }
}
