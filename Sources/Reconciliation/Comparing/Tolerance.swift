/// How far two numbers may be apart.
public enum Tolerance: Hashable, Sendable {
    case tokens(Int64)
    /// Of what the export says, in millionths of a percent.
    case share(Int64)

    /// `0`, `100`, `0.5%`; nil for anything else. A share has at most six digits behind the point, and is at most 100 %.
    public init?(_ text: String) {
        let bytes = Array(text.utf8)
        guard bytes.last == UInt8(ascii: "%") else {
            guard let count = ExportGather.count(bytes) else { return nil }
            self = .tokens(count)
            return
        }
        let parts = bytes.dropLast().split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let whole = ExportGather.count(parts[0]), whole <= 100 else { return nil }
        var millionths = whole * 1_000_000
        if parts.count == 2 {
            guard (1...6).contains(parts[1].count), parts[1].allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) else {
                return nil
            }
            var fraction: Int64 = 0
            for place in 0..<6 {
                fraction =
                    fraction * 10 + Int64(place < parts[1].count ? parts[1][parts[1].startIndex + place] - 0x30 : 0)
            }
            millionths += fraction
        }
        guard millionths <= 100_000_000 else { return nil }
        self = .share(millionths)
    }

    /// Whether `gateway` is near enough to `export`; both 0 or more.
    public func allows(export: Int64, gateway: Int64) -> Bool {
        let apart = export > gateway ? export - gateway : gateway - export
        switch self {
        case .tokens(let most): return apart <= most
        case .share(let millionths):
            return Int128(apart) * 100_000_000 <= Int128(max(0, export)) * Int128(millionths)
        }
    }
}
