import Catalogue
import Domain

/// A pattern that models of a catalogue are picked by: their names in the file (`azure/*`), or whose they are and what they are called there
/// (`openai:gpt-4o*`). One `*` stands for any bytes.
struct CatalogueSelection {
    private let before: [UInt8]
    /// Behind the `*`; nil where there is none.
    private let behind: [UInt8]?

    /// nil for a text that is no pattern.
    init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard ModelPattern.isPossible(bytes) else { return nil }
        let parts = bytes.split(separator: UInt8(ascii: "*"), maxSplits: 1, omittingEmptySubsequences: false)
        self.before = parts.first.map { Array($0) } ?? []
        self.behind = parts.count > 1 ? Array(parts[1]) : nil
    }

    var text: String {
        String(decoding: self.before + (self.behind.map { [UInt8(ascii: "*")] + $0 } ?? []), as: UTF8.self)
    }

    func picks(_ entry: CatalogueEntry) -> Bool {
        let prefix = Array("\(entry.provider)/".utf8)
        let own = entry.name.starts(with: prefix) ? entry.name.dropFirst(prefix.count) : entry.name[...]
        return self.matches(entry.name) || self.matches(Array("\(entry.provider):".utf8) + own)
    }

    private func matches(_ name: [UInt8]) -> Bool {
        guard let behind else { return name == self.before }
        return name.count >= self.before.count + behind.count && name.starts(with: self.before)
            && name.suffix(behind.count).elementsEqual(behind)
    }
}
