import Database

extension UsageSchema {
    /// What runs by a schedule: once in each period, over all hosts. Times in milliseconds since 1970. `claim` counts who has taken it up;
    /// it is its host's until `held_until`. `finished` and `result` are NULL until then. `amount` is how many rows were removed, or put
    /// right. And what principals had used of routes in the days whose sums were removed: nano-USD, tokens of all classes.
    static let jobTables: [SQL] = [
        """
        CREATE TABLE jobs (
            job TEXT NOT NULL, period BIGINT NOT NULL, host BIGINT NOT NULL, claim BIGINT NOT NULL,
            started BIGINT NOT NULL, held_until BIGINT NOT NULL, finished BIGINT, result TEXT,
            amount BIGINT NOT NULL DEFAULT 0, PRIMARY KEY (job, period))
        """,
        """
        CREATE TABLE used_before (
            principal BIGINT NOT NULL, route BIGINT NOT NULL, tokens BIGINT NOT NULL, cost BIGINT NOT NULL,
            PRIMARY KEY (principal, route))
        """,
    ]
    static let postgresJobTables = jobTables
}
