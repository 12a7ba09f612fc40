internal import Domain

/// A day, such as that on which a model ends.
public struct CatalogueDay: Hashable, Sendable {
    /// Days since 1970-01-01.
    public let daysSince1970: Int32

    public init(daysSince1970: Int32) {
        self.daysSince1970 = daysSince1970
    }

    /// The day of a point in time (milliseconds since 1970), in UTC.
    public init(milliseconds: UInt64) {
        self.daysSince1970 = Int32(clamping: milliseconds / 86_400_000)
    }

    /// Reads `YYYY-MM-DD`, from 1970 to 9999; nil for anything else.
    public init?(_ text: some Collection<UInt8>) {
        let bytes = Array(text)
        guard bytes.count == 10, bytes[4] == UInt8(ascii: "-"), bytes[7] == UInt8(ascii: "-"),
            let year = Self.number(bytes[0..<4]), let month = Self.number(bytes[5..<7]),
            let day = Self.number(bytes[8..<10]), year >= 1970,
            let days = CalendarDay.daysSince1970(year: year, month: month, day: day)
        else { return nil }
        self.daysSince1970 = Int32(days)
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> Int? {
        var value = 0
        for byte in digits {
            guard byte &- 0x30 <= 9 else { return nil }
            value = value * 10 + Int(byte &- 0x30)
        }
        return value
    }
}

extension CatalogueDay: Comparable, CustomStringConvertible {
    public static func < (a: CatalogueDay, b: CatalogueDay) -> Bool { a.daysSince1970 < b.daysSince1970 }

    /// `YYYY-MM-DD`
    public var description: String { "\(CalendarDay(daysSince1970: Int(self.daysSince1970)))" }
}
