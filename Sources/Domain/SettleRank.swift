/// Who says how a request ended. What a higher rank says replaces what a lower one said; the same rank never speaks twice.
public enum SettleRank: UInt8, Hashable, Sendable, Comparable {
    /// Nobody yet: the request runs.
    case open = 0
    /// It was found open after its edge had died.
    case recovery = 1
    /// The upstream that worked for an edge that died.
    case upstream = 2
    case edge = 3

    public static func < (a: SettleRank, b: SettleRank) -> Bool { a.rawValue < b.rawValue }
}
