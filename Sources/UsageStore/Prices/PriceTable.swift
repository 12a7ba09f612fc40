import Database
import Domain

/// Rows of `prices`: one for a price. Until the third version there was none with a `content`, and a second row for long prompts.
enum PriceTable {
    /// Adds those that are not there: the id of a price is made from its content. In one step of a database far away for all of
    /// them, where they are known.
    static func add(_ prices: [Price], to database: any DatabaseConnection) throws(DatabaseError) {
        let known = try database.statement("SELECT id FROM prices WHERE content IS NOT NULL")
        var ids: Set<Int64> = []
        while try known.step() { ids.insert(known.integer(0)) }
        for price in prices where ids.insert(Int64(bitPattern: price.id)).inserted {
            try self.add(price, to: database)
        }
    }

    /// Nil for an unknown one.
    static func price(_ id: UInt64, in database: any DatabaseConnection) throws(DatabaseError) -> Price? {
        let statement = try database.statement(
            """
            SELECT is_long, above, input, output, cache_read, cache_write, cache_write_1h, reasoning, audio_input,
                audio_output, image, content FROM prices WHERE id = $1 ORDER BY is_long
            """)
        defer { statement.reset() }
        try statement.bind(1, Int64(bitPattern: id))
        var price: Price?
        while try statement.step() {
            if let whole = Price(packed: statement.bytes(11)), whole.id == id { return whole }
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

    /// A row of an older version gets its content.
    private static func add(_ price: Price, to database: any DatabaseConnection) throws(DatabaseError) {
        let statement = try database.statement(
            """
            INSERT INTO prices (id, is_long, above, input, output, cache_read, cache_write, cache_write_1h, reasoning,
                audio_input, audio_output, image, content)
            VALUES ($1, 0, 0, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            ON CONFLICT (id, is_long) DO UPDATE SET content = excluded.content WHERE prices.content IS NULL
            """)
        let rates = price.rates
        let values: [Int64?] = [
            Int64(bitPattern: price.id), rates.input, rates.output, rates.cacheRead, rates.cacheWrite,
            rates.cacheWriteHour, rates.reasoning, rates.audioInput, rates.audioOutput, rates.image,
        ]
        for (index, value) in values.enumerated() { try statement.bind(index + 1, value) }
        try statement.bind(11, blob: price.packed)
        try statement.run()
    }
}
