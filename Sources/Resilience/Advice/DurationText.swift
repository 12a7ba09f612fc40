/// A time span as text: `6m0s`, `1.2s`, `20ms` (OpenAI, Groq; the durations of Go), or seconds without a unit (`59.7`).
public enum DurationText {
    /// Nanoseconds, at most the largest number; nil for anything else. Units stand from the longest to the shortest, each once.
    public static func nanoseconds(_ bytes: Span<UInt8>) -> UInt64? {
        if let seconds = DecimalText(bytes) { return seconds.nanoseconds(unit: 1_000_000_000) }
        var total: UInt64 = 0
        var index = 0
        var last = UInt64.max
        repeat {
            guard let number = DecimalText(bytes, &index), let unit = self.unit(bytes, &index), unit < last else {
                return nil
            }
            last = unit
            let (sum, overflow) = total.addingReportingOverflow(number.nanoseconds(unit: unit))
            total = overflow ? .max : sum
        } while index < bytes.count
        return total
    }

    /// `30s`, `1.5s`: a duration of Google's, which has seconds only.
    public static func googleNanoseconds(_ bytes: Span<UInt8>) -> UInt64? {
        var index = 0
        guard let number = DecimalText(bytes, &index), index == bytes.count - 1, bytes[index] == UInt8(ascii: "s")
        else {
            return nil
        }
        return number.nanoseconds(unit: 1_000_000_000)
    }

    /// Nanoseconds of the unit at `index`, which moves behind it.
    private static func unit(_ bytes: Span<UInt8>, _ index: inout Int) -> UInt64? {
        guard index < bytes.count else { return nil }
        let first = bytes[index]
        let hasSecond = index + 1 < bytes.count && bytes[index + 1] == UInt8(ascii: "s")
        index += 1
        switch first {
        case UInt8(ascii: "d"): return 86_400_000_000_000
        case UInt8(ascii: "h"): return 3_600_000_000_000
        case UInt8(ascii: "s"): return 1_000_000_000
        case UInt8(ascii: "m"):
            guard hasSecond else { return 60_000_000_000 }
            index += 1
            return 1_000_000
        case UInt8(ascii: "u"), UInt8(ascii: "n"):
            guard hasSecond else { return nil }
            index += 1
            return first == UInt8(ascii: "u") ? 1_000 : 1
        // The micro sign and the Greek letter.
        case 0xC2, 0xCE:
            guard index + 1 < bytes.count, bytes[index] == (first == 0xC2 ? 0xB5 : 0xBC),
                bytes[index + 1] == UInt8(ascii: "s")
            else { return nil }
            index += 2
            return 1_000
        default: return nil
        }
    }
}
