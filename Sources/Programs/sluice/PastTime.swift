import Administration
import EventLog

/// A time that has passed, as a person says it.
enum PastTime {
    private static let day: UInt64 = 86_400_000

    /// Milliseconds since 1970 of a time, a day (both in UTC), `today`, `yesterday`, or a time ago: `90m`, `12h`, `30d`; nil for
    /// anything else.
    static func milliseconds(_ text: String, now: UInt64 = Timestamp.now()) -> UInt64? {
        if let time = TimeText.milliseconds(text) { return time }
        let midnight = now - now % Self.day
        if text.utf8.elementsEqual("today".utf8) { return midnight }
        if text.utf8.elementsEqual("yesterday".utf8) { return midnight - Self.day }
        let units: [UInt8: UInt64] = [
            UInt8(ascii: "m"): 60_000, UInt8(ascii: "h"): 3_600_000, UInt8(ascii: "d"): Self.day,
        ]
        let digits = text.utf8.dropLast()
        guard let last = text.utf8.last, let unit = units[last], (1...5).contains(digits.count),
            digits.allSatisfy({ (0x30...0x39).contains($0) })
        else { return nil }
        let ago = digits.reduce(UInt64(0)) { $0 * 10 + UInt64($1 - 0x30) } * unit
        return now > ago ? now - ago : 0
    }
}
