/// What a provider says was used: numbers by day, model and class.
public struct ProviderExport: Hashable, Sendable {
    /// What the numbers of a cell are of.
    public struct Cell: Hashable, Sendable {
        /// The day in UTC, since 1970.
        public var day: Int64
        /// As the provider calls it.
        public var model: [UInt8]

        public init(day: Int64, model: [UInt8]) {
            self.day = day
            self.model = model
        }
    }

    public var format: ExportFormat
    /// What the file tells apart, in their order.
    public internal(set) var classes: [ComparedClass] = []
    public internal(set) var cells: [Cell: [ComparedClass: Int64]] = [:]
    /// The days it is of, and how many milliseconds of each.
    public internal(set) var days: [Int64: Int64] = [:]
    /// Lines and results that were added up.
    public internal(set) var rows = 0
    /// What its reader should know: of what is not compared, and what is missing.
    public internal(set) var notes: [String] = []

    init(_ format: ExportFormat) {
        self.format = format
    }

    /// From the first day to the last; nil where there is none.
    public var period: ClosedRange<Int64>? {
        guard let first = self.days.keys.min(), let last = self.days.keys.max() else { return nil }
        return first...last
    }
}
