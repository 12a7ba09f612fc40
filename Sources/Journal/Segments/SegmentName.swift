/// The file name of a segment: `HHHHHH-IIIIII-SSSSSS.journal`, host, instance and sequence in six lowercase hexadecimal
/// digits each. Names of one owner sort in the order they were written.
public struct SegmentName: Hashable, Sendable, Comparable {
    /// What a file in the folder is, by its ending.
    enum Kind: String, CaseIterable {
        case segment = ".journal"
        /// Being made; has no record.
        case unfinished = ".journal.new"
        /// Set aside because a part of it could not be read.
        case torn = ".journal.torn"
    }

    /// The greatest number a name has room for.
    static let maximum: UInt32 = 0xFF_FFFF

    public let host: UInt32
    public let instance: UInt32
    public let sequence: UInt32

    init(host: UInt32, instance: UInt32, sequence: UInt32) {
        self.host = host
        self.instance = instance
        self.sequence = sequence
    }

    public static func < (a: SegmentName, b: SegmentName) -> Bool {
        (a.host, a.instance, a.sequence) < (b.host, b.instance, b.sequence)
    }

    func file(_ kind: Kind) -> String {
        let digits = [self.host, self.instance, self.sequence].map { number in
            let text = String(number, radix: 16)
            return String(repeating: "0", count: max(0, 6 - text.utf8.count)) + text
        }
        return "\(digits[0])-\(digits[1])-\(digits[2])\(kind.rawValue)"
    }

    /// Reads a file name; nil for anything else, uppercase digits too.
    static func parse(_ file: [UInt8]) -> (SegmentName, Kind)? {
        guard file.count > 20, file[6] == UInt8(ascii: "-"), file[13] == UInt8(ascii: "-") else { return nil }
        guard let kind = Kind.allCases.first(where: { Array($0.rawValue.utf8) == Array(file[20...]) }) else {
            return nil
        }
        guard let host = SegmentName.number(file[0..<6]), let instance = SegmentName.number(file[7..<13]),
            let sequence = SegmentName.number(file[14..<20])
        else { return nil }
        return (SegmentName(host: host, instance: instance, sequence: sequence), kind)
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> UInt32? {
        var value: UInt32 = 0
        for digit in digits {
            switch digit {
            case 0x30...0x39: value = value << 4 | UInt32(digit - 0x30)
            case 0x61...0x66: value = value << 4 | UInt32(digit - 0x57)
            default: return nil
            }
        }
        return value
    }
}
