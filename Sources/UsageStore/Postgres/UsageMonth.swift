import Database
import Domain

/// A calendar month in UTC: the partition that a record lies in.
struct UsageMonth: Hashable {
    /// Those that get a partition; what lies outside, by a clock that is wrong, goes to the partition of the rest.
    static let known = UsageMonth(number: 1970 * 12)...UsageMonth(number: 2199 * 12 + 11)

    /// Months since the year 0.
    let number: Int

    var year: Int { self.number / 12 }
    /// 1…12.
    var month: Int { self.number % 12 + 1 }
    var next: UsageMonth { UsageMonth(number: self.number + 1) }

    private init(number: Int) {
        self.number = number
    }

    /// The month of a time, in milliseconds since 1970.
    init(milliseconds: UInt64) {
        // Days since 0000-03-01, by eras of 400 years.
        let days = Int(clamping: milliseconds / 86_400_000) + 719_468
        let ofEra = days % 146_097
        let yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let fromMarch = (5 * ofYear + 2) / 153
        let year = yearOfEra + days / 146_097 * 400
        self.number = fromMarch < 10 ? year * 12 + fromMarch + 2 : (year + 1) * 12 + fromMarch - 10
    }

    /// The month of a partition with this name, such as `requests_2026_11`; nil for other names.
    init?(partition name: [UInt8], of table: [UInt8]) {
        let digits = name.dropFirst(table.count + 1)
        guard name.count == table.count + 8, name.starts(with: table), name[table.count] == UInt8(ascii: "_"),
            digits[digits.startIndex + 4] == UInt8(ascii: "_"),
            let year = Self.number(digits.prefix(4)), let month = Self.number(digits.suffix(2)),
            (1...12).contains(month)
        else { return nil }
        self.number = year * 12 + month - 1
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        digits.reduce(0) { (number: Int?, digit) in
            guard let number, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(digit) else { return nil }
            return number * 10 + Int(digit - UInt8(ascii: "0"))
        }
    }

    /// What the names of its partitions end with, such as `2026_11`.
    var suffix: SQL { self.month < 10 ? "\(self.year)_0\(self.month)" : "\(self.year)_\(self.month)" }

    /// Where it begins, in milliseconds since 1970.
    var milliseconds: Int64 {
        let year = self.month <= 2 ? self.year - 1 : self.year
        let yearOfEra = year % 400
        let ofYear = (153 * (self.month + (self.month > 2 ? -3 : 9)) + 2) / 5
        let ofEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + ofYear
        return Int64(year / 400 * 146_097 + ofEra - 719_468) * 86_400_000
    }
}

extension UsageMonth: Comparable {
    static func < (a: UsageMonth, b: UsageMonth) -> Bool { a.number < b.number }
}
