import Database
import Domain

/// Rows of `prices`: one for a price, a second one for its long prompts.
enum PriceTable {
    /// Does nothing for a price that is there: its id is made from its content.
    static func add(_ price: Price, to database: any DatabaseConnection) throws(DatabaseError) {
        try self.add(price.id, isLong: false, above: 0, price.rates, to: database)
        if let long = price.tiers.first {
            try self.add(price.id, isLong: true, above: long.above, long.rates, to: database)
        }
    }

    /// Nil for an unknown one.
    static func price(_ id: UInt64, in database: any DatabaseConnection) throws(DatabaseError) -> Price? {
        let statement = try database.statement(
            """
            SELECT is_long, above, input, output, cache_read, cache_write, cache_write_1h, reasoning, audio_input,
                audio_output, image FROM prices WHERE id = $1 ORDER BY is_long
            """)
        try statement.bind(1, Int64(bitPattern: id))
        var price: Price?
        while try statement.step() {
            let rates = Price.Rates(
                input: statement.integer(2), output: statement.integer(3), cacheRead: statement.optionalInteger(4),
                cacheWrite: statement.optionalInteger(5), cacheWriteHour: statement.optionalInteger(6),
                reasoning: statement.optionalInteger(7), audioInput: statement.optionalInteger(8),
                audioOutput: statement.optionalInteger(9), image: statement.optionalInteger(10))
            if statement.integer(0) == 0 {
                price = Price(rates)
            } else {
                price?.tiers = [PromptTier(above: statement.integer(1), rates: rates)]
            }
        }
        return price
    }

    private static func add(
        _ id: UInt64, isLong: Bool, above: Int64, _ rates: Price.Rates, to database: any DatabaseConnection
    ) throws(DatabaseError) {
        let statement = try database.statement(
            """
            INSERT INTO prices (id, is_long, above, input, output, cache_read, cache_write, cache_write_1h, reasoning,
                audio_input, audio_output, image)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING
            """)
        let values: [Int64?] = [
            Int64(bitPattern: id), isLong ? 1 : 0, above, rates.input, rates.output, rates.cacheRead, rates.cacheWrite,
            rates.cacheWriteHour, rates.reasoning, rates.audioInput, rates.audioOutput, rates.image,
        ]
        for (index, value) in values.enumerated() { try statement.bind(index + 1, value) }
        try statement.run()
    }
}
