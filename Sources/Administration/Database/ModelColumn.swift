import Database
import Domain

// A list of allowed models is a text with one entry a line; NULL for the empty list, which allows all.
extension DatabaseStatement {
    /// Binds a list to a parameter.
    func bind(_ number: Int, models: [[UInt8]]) throws(DatabaseError) {
        try self.bind(number, text: models.isEmpty ? nil : Array(models.joined(separator: [UInt8(ascii: "\n")])))
    }

    /// The list in a column; nil where it is none, so that what a list forbids is never allowed by a damage.
    func models(_ column: Int) -> [[UInt8]]? {
        guard !self.isNull(column) else { return [] }
        let lines = self.bytes(column).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        let models = lines.map { Array($0) }
        guard models.count <= ModelPattern.maximumEntries, models.allSatisfy({ ModelPattern.isPossible($0) }) else {
            return nil
        }
        return models
    }
}
