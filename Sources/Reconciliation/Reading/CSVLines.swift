/// Takes a text apart into the cells of its lines (RFC 4180): commas between them, quotes around those with commas, quotes or ends of lines,
/// CRLF or LF at the end.
struct CSVLines {
    /// A cell, and how many bytes stand in front of it.
    struct Cell {
        let bytes: [UInt8]
        let offset: Int
    }

    /// Why a line cannot be read, and where.
    struct Fault: Error {
        let reason: String
        let offset: Int
    }

    /// Cells of a line.
    private static let mostCells = 256

    private let text: [UInt8]
    private var place = 0

    init(_ text: [UInt8]) {
        self.text = text
    }

    /// The cells of the next line; empty for an empty one, nil at the end. After a fault it goes on with the next line.
    mutating func next() throws(Fault) -> [Cell]? {
        guard self.place < self.text.count else { return nil }
        var cells: [Cell] = []
        while true {
            let start = self.place
            do throws(Fault) {
                let cell = try self.cell()
                guard cells.count < Self.mostCells else {
                    throw Fault(reason: "a line has more than \(Self.mostCells) cells", offset: start)
                }
                cells.append(Cell(bytes: cell, offset: start))
            } catch {
                self.skipLine()
                throw error
            }
            if self.place < self.text.count, self.text[self.place] == UInt8(ascii: ",") {
                self.place += 1
                continue
            }
            self.skipLine()
            let isEmpty = cells.count == 1 && cells[0].bytes.allSatisfy { $0 == 0x20 }
            return isEmpty ? [] : cells
        }
    }

    private mutating func skipLine() {
        while self.place < self.text.count, self.text[self.place] != 0x0A { self.place += 1 }
        self.place = min(self.place + 1, self.text.count)
    }

    /// A cell; the place is then at the comma or at the end of the line.
    private mutating func cell() throws(Fault) -> [UInt8] {
        guard self.place < self.text.count, self.text[self.place] == 0x22 else { return try self.plainCell() }
        let start = self.place
        var bytes: [UInt8] = []
        self.place += 1
        while self.place < self.text.count {
            let byte = self.text[self.place]
            self.place += 1
            guard byte == 0x22 else {
                bytes.append(byte)
                continue
            }
            guard self.place < self.text.count, self.text[self.place] == 0x22 else {
                if self.isAtEndOfCell { return bytes }
                throw Fault(reason: "something stands behind the closing quote", offset: self.place)
            }
            bytes.append(0x22)
            self.place += 1
        }
        throw Fault(reason: "the quote is never closed", offset: start)
    }

    private mutating func plainCell() throws(Fault) -> [UInt8] {
        let start = self.place
        while !self.isAtEndOfCell {
            guard self.text[self.place] != 0x22 else {
                throw Fault(reason: "a quote in the middle of a cell", offset: self.place)
            }
            self.place += 1
        }
        return Array(self.text[start..<self.place])
    }

    private var isAtEndOfCell: Bool {
        guard self.place < self.text.count else { return true }
        switch self.text[self.place] {
        case UInt8(ascii: ","), 0x0A: return true
        case 0x0D: return self.place + 1 == self.text.count || self.text[self.place + 1] == 0x0A
        default: return false
        }
    }
}
