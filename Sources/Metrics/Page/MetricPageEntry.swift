import IPC

/// One series in the directory of a metric page. Whoever reads one takes it for bytes from outside.
public struct MetricPageEntry: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        case counter
        case gauge
        /// Upper bounds of the buckets, in millionths.
        case histogram(bounds: [UInt64])
    }

    private static let nameLimit = 128
    private static let labelLimit = 256
    private static let labelsLimit = 8
    private static let boundsLimit = 64

    public var name: String
    /// Values as UTF-8 in the order of the definition's labels.
    public var labels: [[UInt8]]
    public var kind: Kind
    /// The number of its first word.
    var first: Int

    /// How many words its value takes.
    var words: Int {
        switch self.kind {
        case .counter, .gauge: 1
        // A count per bucket, one for what is beyond the last bound, the sum.
        case .histogram(let bounds): bounds.count + 2
        }
    }

    /// Whether a page takes it.
    var isWithinLimits: Bool {
        guard self.name.utf8.count <= Self.nameLimit, self.labels.count <= Self.labelsLimit,
            self.labels.allSatisfy({ $0.count <= Self.labelLimit })
        else { return false }
        guard case .histogram(let bounds) = self.kind else { return true }
        return bounds.count <= Self.boundsLimit && zip(bounds, bounds.dropFirst()).allSatisfy { $0 < $1 }
    }

    func write(to writer: inout WireWriter) {
        switch self.kind {
        case .counter: writer.write(UInt8(0))
        case .gauge: writer.write(UInt8(1))
        case .histogram(let bounds):
            writer.write(UInt8(2))
            writer.write(list: bounds) { $0.write($1) }
        }
        writer.write(UInt32(clamping: self.first))
        writer.write(self.name)
        writer.write(list: self.labels) { $0.write($1) }
    }

    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        switch try reader.read(UInt8.self) {
        case 0: self.kind = .counter
        case 1: self.kind = .gauge
        case 2:
            self.kind = .histogram(
                bounds: try reader.readList(minimumSize: 8) { (reader) throws(WireReader.Malformed) in
                    try reader.read(UInt64.self)
                })
        default: throw WireReader.Malformed()
        }
        self.first = Int(try reader.read(UInt32.self))
        self.name = try reader.readString(limit: Self.nameLimit)
        self.labels = try reader.readList(minimumSize: 4) { (reader) throws(WireReader.Malformed) in
            try reader.readBytes(limit: Self.labelLimit)
        }
        guard self.isWithinLimits, self.first <= MetricPageLayout.valueCount - self.words else {
            throw WireReader.Malformed()
        }
    }

    init(name: String, labels: [[UInt8]], kind: Kind, first: Int) {
        self.name = name
        self.labels = labels
        self.kind = kind
        self.first = first
    }

    /// All entries that stand in `bytes`, up to the first that is malformed; then `isWhole` is false.
    static func all(in bytes: [UInt8]) -> (entries: [MetricPageEntry], isWhole: Bool) {
        unsafe bytes.withUnsafeBytes { pointer in
            var reader = unsafe WireReader(pointer)
            var entries: [MetricPageEntry] = []
            while reader.remaining > 0 {
                guard let entry = try? MetricPageEntry(from: &reader) else { return (entries, false) }
                entries.append(entry)
            }
            return (entries, true)
        }
    }
}
