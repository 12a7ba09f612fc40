import Database

extension UsageSchema {
    /// A price as a whole, where it is more than the other columns say: `Price.packed`. Rows of older versions have none, and of
    /// those that have it the columns say the rates of the standard service for short prompts.
    static let priceTables: [SQL] = ["ALTER TABLE prices ADD COLUMN content BLOB"]
    static let postgresPriceTables: [SQL] = ["ALTER TABLE prices ADD COLUMN content BYTEA"]
}
