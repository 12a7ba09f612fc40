/// Where the parts of an entry of a list of holds are: what a process writes down about each request that holds something, so that
/// it can be found out what was held when the process is no more.
enum HoldEntry {
    static let words = 40
    /// {keys 8 | use 32}; open while the use is odd. Written last.
    static let state = 0
    static let recordHigh = 1
    static let recordLow = 2
    static let tokens = 3
    static let cost = 4
    /// Which settle of its owner it is, counted from 1; 0 until that begins.
    static let sequence = 5
    static let actualTokens = 6
    static let actualCost = 7
    /// For each key: {slot 32 | day 32}, {week 32 | month 32}, {key high}, {key low}.
    static let keys = 8
    static let keyWords = 4
}
