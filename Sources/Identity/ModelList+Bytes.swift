import Domain

// How rows of the table hold a list of allowed models: how many entries (1), and each: its bytes (2), and these. Big-endian.
extension [UInt8] {
    /// Appends a list. One that has too many entries, or one too long, makes a row that is not read again: what a list forbids
    /// must not become allowed by a cut.
    mutating func append(models: [[UInt8]]) {
        self.append(UInt8(clamping: models.count))
        for model in models {
            self.append(bigEndian: UInt16(clamping: model.count))
            self.append(contentsOf: model)
        }
    }
}

extension RowReader {
    /// Reads a list; nil where it is empty, or an entry can be none.
    mutating func nextModels() -> [[UInt8]]? {
        let count = Int(self.next(UInt8.self))
        guard (1...ModelPattern.maximumEntries).contains(count) else { return nil }
        var models: [[UInt8]] = []
        models.reserveCapacity(count)
        for _ in 0..<count {
            let length = Int(self.next(UInt16.self))
            let model = self.next(count: length)
            guard ModelPattern.isPossible(model) else { return nil }
            models.append(model)
        }
        return models
    }
}
