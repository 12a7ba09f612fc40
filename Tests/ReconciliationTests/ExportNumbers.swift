import Reconciliation

/// Finds the numbers of a fixture by its names alone, in another way than the readers do: by looking at the text.
struct ExportNumber: Hashable, CustomStringConvertible {
    /// Its digits in the text.
    let range: Range<Int>
    let name: String

    var description: String { "\(self.name) at \(self.range.lowerBound)" }

    static func all(of fixture: ExportFixture, _ names: Set<String>) -> [ExportNumber] {
        fixture.text.hasPrefix("\u{FEFF}") || !(fixture.text.hasPrefix("{") || fixture.text.hasPrefix("["))
            ? self.cells(fixture.bytes, names) : self.members(fixture.bytes, names)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }

    private static func members(_ text: [UInt8], _ names: Set<String>) -> [ExportNumber] {
        var found: [ExportNumber] = []
        for name in names {
            let key = Array("\"\(name)\":".utf8)
            for start in text.indices.dropLast(key.count) where text[start..<start + key.count].elementsEqual(key) {
                var first = start + key.count
                while text[first] == 0x20 { first += 1 }
                let last = text[first...].firstIndex { !Self.isDigit($0) } ?? text.count
                found.append(ExportNumber(range: first..<last, name: name))
            }
        }
        return found.sorted { $0.range.lowerBound < $1.range.lowerBound }
    }

    private static func cells(_ text: [UInt8], _ names: Set<String>) -> [ExportNumber] {
        var found: [ExportNumber] = []
        var columns: [String] = []
        var start = 0
        for line in text.split(separator: 0x0A, omittingEmptySubsequences: false) {
            var cells: [Range<Int>] = []
            var first = start
            var isQuoted = false
            for index in line.indices {
                if line[index] == 0x22 { isQuoted.toggle() }
                if line[index] == UInt8(ascii: ","), !isQuoted {
                    cells.append(first..<index)
                    first = index + 1
                }
            }
            cells.append(first..<line.endIndex)
            if columns.isEmpty {
                columns = cells.map { String(decoding: text[$0].filter { $0 > 0x20 && $0 < 0x7F }, as: UTF8.self) }
            } else if cells.count == columns.count {
                for (name, cell) in zip(columns, cells) where names.contains(name) {
                    let digits = cell.prefix { Self.isDigit(text[$0]) }
                    if !digits.isEmpty {
                        found.append(ExportNumber(range: cell.lowerBound..<cell.lowerBound + digits.count, name: name))
                    }
                }
            }
            start = line.endIndex + 1
        }
        return found
    }

    /// The text with another number in its place.
    func replaced(in text: [UInt8], by change: (Int64) -> Int64) -> [UInt8] {
        let value = Int64(String(decoding: text[self.range], as: UTF8.self)) ?? -1
        return Array(text[..<self.range.lowerBound]) + Array("\(change(value))".utf8)
            + Array(text[self.range.upperBound...])
    }
}
