/// Sizes as the configuration writes them: `512B`, `8KB`, `32MB`, `1GB`, where 1 KB is 1024 bytes.
enum ByteSizeText {
    private static let units: [(name: String, bytes: Int64)] = [
        ("GB", 1 << 30), ("MB", 1 << 20), ("KB", 1 << 10), ("B", 1),
    ]

    /// The number of bytes that `text` names, which must lie in `range`.
    static func parse(_ text: String, in range: ClosedRange<Int>) throws(ValueError) -> Int {
        guard let (number, unit) = DecimalText.parseLeading(text),
            let scale = self.units.first(where: { $0.name == unit })?.bytes
        else { throw ValueError("expected a size: a whole number and a unit, such as 512B, 8KB, 32MB or 1GB") }
        let (bytes, overflow) = number.multipliedReportingOverflow(by: scale)
        guard !overflow, let bytes = Int(exactly: bytes), range.contains(bytes) else {
            let bounds = "between \(self.text(of: range.lowerBound)) and \(self.text(of: range.upperBound))"
            throw ValueError("expected a size \(bounds)")
        }
        return bytes
    }

    /// The shortest exact text for `bytes`.
    static func text(of bytes: Int) -> String {
        guard bytes != 0 else { return "0B" }
        for unit in self.units where Int64(bytes) % unit.bytes == 0 {
            return "\(Int64(bytes) / unit.bytes)\(unit.name)"
        }
        return "\(bytes)B"
    }
}
