import Database

// What the third version adds; each part is with its tables.
extension UsageSchema {
    static let rollupTables: [SQL] = []
    static let jobTables: [SQL] = []
    static let postgresRollupTables: [SQL] = []
    static let postgresJobTables: [SQL] = []
}
