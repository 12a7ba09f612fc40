import Administration
import EventLog

/// When a key expires, as a person says it.
enum ExpiryText {
    /// RFC 3339 of a time, a day, or a time from now: `90m`, `12h`, `30d`; nil for anything else.
    static func resolve(_ text: String, now: UInt64 = Timestamp.now()) -> String? {
        if let time = TimeText.milliseconds(text) { return TimeText.text(milliseconds: time) }
        let units: [UInt8: UInt64] = [
            UInt8(ascii: "m"): 60_000, UInt8(ascii: "h"): 3_600_000, UInt8(ascii: "d"): 86_400_000,
        ]
        let digits = text.utf8.dropLast()
        guard let last = text.utf8.last, let unit = units[last], (1...5).contains(digits.count),
            digits.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        let count = digits.reduce(UInt64(0)) { $0 * 10 + UInt64($1 - 0x30) }
        return TimeText.text(milliseconds: now + count * unit)
    }
}
