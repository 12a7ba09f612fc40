/// Finds what a mistyped word was meant to be.
enum EditDistance {
    /// The candidate nearest to `word`, if at most two letters have to change; the first one wins a tie.
    static func nearest(to word: String, among candidates: [String]) -> String? {
        let word = Array(word.utf8.prefix(64))
        var best: (candidate: String, distance: Int)?
        for candidate in candidates {
            let letters = Array(candidate.utf8)
            // A word of two letters is two edits away from every other: that is no hint.
            let allowed = min(2, max(letters.count, word.count) - 1, best.map { $0.distance - 1 } ?? 2)
            let distance = self.between(word, letters)
            if distance <= allowed {
                best = (candidate, distance)
            }
        }
        return best?.candidate
    }

    /// Insertions, deletions, replacements and swaps of neighbours that turn one word into the other.
    static func between(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var beforePrevious: [Int] = []
        var previous = Array(0...right.count)
        for row in left.indices {
            var current = [row + 1]
            current.reserveCapacity(right.count + 1)
            for column in right.indices {
                let replaced = previous[column] + (left[row] == right[column] ? 0 : 1)
                var cost = min(replaced, previous[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, left[row] == right[column - 1], left[row - 1] == right[column] {
                    cost = min(cost, beforePrevious[column - 1] + 1)
                }
                current.append(cost)
            }
            beforePrevious = previous
            previous = current
        }
        return previous[right.count]
    }
}
