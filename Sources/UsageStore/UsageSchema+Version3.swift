import Database

// What the third version adds; each part is with its tables.
extension UsageSchema {
    static let priceTables: [SQL] = []
    static let postgresPriceTables: [SQL] = []
}
