/// Numbers for label values, so that counting hashes small integers; at most `limit` values, the rest is "other".
///
/// A client chooses model names, so the number of series has to have a bound.
struct LabelTable {
    /// What stands for all values beyond the limit.
    static let other: UInt16 = 0

    private static let otherName = Array("other".utf8)

    private var names = [LabelTable.otherName]
    private var numbers: [[UInt8]: UInt16] = [:]
    private let limit: Int
    /// The name that was asked for last, which is asked for again as a rule.
    private var last: (name: [UInt8], number: UInt16)?

    init(limit: Int) {
        self.limit = min(limit, Int(UInt16.max) - 1)
    }

    /// How many are known.
    var count: Int { self.numbers.count }

    /// The number of `name`, which becomes known if there is room.
    mutating func number(of name: [UInt8]) -> UInt16 {
        if let last = self.last, last.name == name { return last.number }
        if let known = self.numbers[name] {
            self.last = (name, known)
            return known
        }
        guard self.numbers.count < self.limit, name.count <= 256 else { return LabelTable.other }
        let number = UInt16(clamping: self.names.count)
        self.numbers[name] = number
        self.names.append(name)
        return number
    }

    /// `name` is a label already, of a process before this one.
    mutating func know(_ name: [UInt8]) {
        if !name.isEmpty, name != LabelTable.otherName { _ = self.number(of: name) }
    }

    /// The number of `name` if it is known, "other" if not.
    func existingNumber(of name: [UInt8]) -> UInt16 { self.numbers[name] ?? LabelTable.other }

    func name(_ number: UInt16) -> [UInt8] {
        Int(number) < self.names.count ? self.names[Int(number)] : self.names[0]
    }
}
