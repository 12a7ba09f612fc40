public import Database
public import Domain

/// The table `jobs`: who does what runs by a schedule, and how it came out.
///
/// A job is done once in each period over all hosts that share the database, and they are at one job at a time. Whoever finds one due claims it, renews the claim while
/// it works, and finishes it. A claim that was not renewed may be taken over by anybody, one's own host's from a former life at
/// once; what is finished is never claimed again. Each call is a transaction of its own, and may be made again where its outcome is unknown.
public struct JobTable {
    private let database: any DatabaseConnection

    /// `database` has the tables of `UsageSchema`.
    public init(_ database: any DatabaseConnection) {
        self.database = database
    }

    // MARK: Claims

    /// Takes up the job for a period, until `until`; nil when it is finished, or when somebody else works at it, or at any other. `now`
    /// and `until` in milliseconds since 1970.
    public func claim(
        _ job: Job, period: Int64, host: UInt32, now: UInt64, until: UInt64
    ) throws(DatabaseError) -> JobClaim? {
        try self.database.transaction { () throws(DatabaseError) in
            let statement = try self.database.statement(
                """
                INSERT INTO jobs (job, period, host, claim, started, held_until)
                SELECT CAST($1 AS TEXT), CAST($2 AS BIGINT), CAST($3 AS BIGINT), 1, CAST($4 AS BIGINT), CAST($5 AS BIGINT)
                WHERE NOT EXISTS (SELECT 1 FROM jobs o WHERE (o.job <> $1 OR o.period <> $2) AND o.host <> $3
                    AND o.finished IS NULL AND o.held_until > $4)
                ON CONFLICT (job, period) DO UPDATE SET host = excluded.host, claim = jobs.claim + 1,
                    started = excluded.started, held_until = excluded.held_until
                WHERE jobs.finished IS NULL AND (jobs.host = excluded.host OR jobs.held_until <= excluded.started)
                RETURNING claim
                """)
            defer { statement.reset() }
            try statement.bind(1, text: job.rawValue)
            try statement.bind(2, period)
            try statement.bind(3, Int64(host))
            try statement.bind(4, Int64(clamping: now))
            try statement.bind(5, Int64(clamping: until))
            guard try statement.step() else { return nil }
            return JobClaim(job: job, period: period, host: host, number: statement.integer(0))
        }
    }

    /// Holds the job until another time; false when it is somebody else's by now.
    public func renew(_ claim: JobClaim, until: UInt64) throws(DatabaseError) -> Bool {
        try self.change("held_until = $5", of: claim) { (statement) throws(DatabaseError) in
            try statement.bind(5, Int64(clamping: until))
        }
    }

    /// Ends the job for its period; false when it is somebody else's by now.
    public func finish(
        _ claim: JobClaim, _ result: JobResult, amount: Int64, now: UInt64
    ) throws(DatabaseError) -> Bool {
        try self.change("finished = $5, result = $6, amount = $7", of: claim) { (statement) throws(DatabaseError) in
            try statement.bind(5, Int64(clamping: now))
            try statement.bind(6, text: result.rawValue)
            try statement.bind(7, amount)
        }
    }

    private func change(
        _ columns: SQL, of claim: JobClaim, bind: (any DatabaseStatement) throws(DatabaseError) -> Void
    ) throws(DatabaseError) -> Bool {
        try self.database.transaction { () throws(DatabaseError) in
            let statement = try self.database.statement(
                "UPDATE jobs SET \(columns) WHERE job = $1 AND period = $2 AND host = $3 AND claim = $4")
            try statement.bind(1, text: claim.job.rawValue)
            try statement.bind(2, claim.period)
            try statement.bind(3, Int64(claim.host))
            try statement.bind(4, claim.number)
            try bind(statement)
            try statement.run()
            return self.database.changes > 0
        }
    }

    // MARK: What was done

    /// How a job stands, by its periods until `period`: what a clock that was wrong has put into the future does not count.
    public func standing(of job: Job, until period: Int64) throws(DatabaseError) -> JobStanding {
        let statement = try self.database.statement(
            """
            SELECT max(CASE WHEN finished IS NOT NULL THEN period END), max(CASE WHEN result = $3 THEN period END),
                max(CASE WHEN result = $3 THEN finished END)
            FROM jobs WHERE job = $1 AND period <= $2
            """)
        defer { statement.reset() }
        try statement.bind(1, text: job.rawValue)
        try statement.bind(2, period)
        try statement.bind(3, text: JobResult.done.rawValue)
        guard try statement.step() else { return JobStanding() }
        return JobStanding(
            finished: statement.optionalInteger(0), done: statement.optionalInteger(1),
            doneAt: statement.optionalInteger(2).map { UInt64(clamping: $0) })
    }

    /// The newest periods of a job, the newest first.
    public func runs(_ job: Job, limit: Int) throws(DatabaseError) -> [JobRun] {
        let statement = try self.database.statement(
            """
            SELECT period, host, started, held_until, finished, result, amount FROM jobs
            WHERE job = $1 ORDER BY period DESC LIMIT $2
            """)
        defer { statement.reset() }
        try statement.bind(1, text: job.rawValue)
        try statement.bind(2, Int64(limit))
        var runs: [JobRun] = []
        while try statement.step() {
            runs.append(
                JobRun(
                    job: job, period: statement.integer(0), host: UInt32(clamping: statement.integer(1)),
                    started: UInt64(clamping: statement.integer(2)), heldUntil: UInt64(clamping: statement.integer(3)),
                    finished: statement.optionalInteger(4).map { UInt64(clamping: $0) },
                    result: JobResult(rawValue: statement.text(5)), amount: statement.integer(6)))
        }
        return runs
    }
}
