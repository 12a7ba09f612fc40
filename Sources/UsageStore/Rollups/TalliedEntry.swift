import Database

/// What an entry of an answer adds up to. Most answers with many entries have one row for each: its detail, which takes ten times the memory
/// as buckets, stays packed until it is asked for or another row comes.
struct TalliedEntry {
    private var added: RollupSums
    private var detail: [UInt8]

    init(_ sums: RollupSums) {
        self.added = sums
        self.detail = []
    }

    /// - Parameter column: where `RollupSums.columns` and the detail behind them begin.
    init(_ row: any DatabaseStatement, from column: Int) {
        self.added = RollupSums(columnsOf: row, from: column)
        self.detail = row.bytes(column + RollupSums.columns.count)
    }

    mutating func add(_ other: TalliedEntry) {
        if !self.detail.isEmpty {
            self.added.unpack(self.detail)
            self.detail = []
        }
        self.added.add(other.sums)
    }

    var requests: Int64 { self.added.requests }
    var cost: Int64 { self.added.cost }

    var sums: RollupSums {
        guard !self.detail.isEmpty else { return self.added }
        var sums = self.added
        sums.unpack(self.detail)
        return sums
    }
}
