import Database
public import Domain

/// What runs by a schedule, for whoever asks how it went.
extension UsageReader {
    /// The newest periods of a job, the newest first.
    public func runs(of job: Job, limit: Int) throws(UsageReadingFailure) -> [JobRun] {
        do throws(DatabaseError) {
            return try JobTable(self.database).runs(job, limit: limit)
        } catch {
            throw .database(error)
        }
    }

    /// When the job was done last, in milliseconds since 1970; nil when it never was.
    public func lastSuccess(of job: Job) throws(UsageReadingFailure) -> UInt64? {
        do throws(DatabaseError) {
            return try JobTable(self.database).standing(of: job, until: .max).doneAt
        } catch {
            throw .database(error)
        }
    }
}
