/// What one process has counted since its start. Totals, not differences: a report replaces the one before from the same
/// instance, so a lost or repeated report changes nothing.
public struct MetricReport: Hashable, WireMessage {
    public static let frameType = FrameType.records

    /// One labelled series.
    public struct Series: Hashable, Sendable {
        /// The metric, one of the names in `docs/metrics.md`.
        public var name: String
        /// Label names and values, in the order they are written out.
        public var labels: [Label]
        public var value: Value

        public init(name: String, labels: [Label], value: Value) {
            self.name = name
            self.labels = labels
            self.value = value
        }
    }

    public struct Label: Hashable, Sendable {
        public var name: String
        public var value: String

        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    public enum Value: Hashable, Sendable {
        case counter(UInt64)
        case gauge(Int64)
        /// Counts per bucket (not cumulative; the last is +Inf), upper bounds in microseconds, and the sum in microseconds.
        case histogram(bounds: [UInt64], counts: [UInt64], sum: UInt64)
    }

    public var series: [Series]

    public init(series: [Series]) {
        self.series = series
    }

    public init(from reader: inout WireReader) throws(WireReader.Malformed) {
        self.series = try reader.readList(minimumSize: 17) { (reader) throws(WireReader.Malformed) in
            let name = try reader.readString(limit: 128)
            let labels = try reader.readList(minimumSize: 8) { (reader) throws(WireReader.Malformed) in
                let label = try reader.readString(limit: 64)
                return Label(label, try reader.readString(limit: 256))
            }
            return Series(name: name, labels: labels, value: try Value(from: &reader))
        }
    }

    public func write(to writer: inout WireWriter) {
        writer.write(list: self.series) { writer, series in
            writer.write(series.name)
            writer.write(list: series.labels) {
                $0.write($1.name)
                $0.write($1.value)
            }
            series.value.write(to: &writer)
        }
    }
}

extension MetricReport.Value {
    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        switch try reader.read(UInt8.self) {
        case 0: self = .counter(try reader.read())
        case 1: self = .gauge(try reader.read())
        case 2:
            let number = { (reader: inout WireReader) throws(WireReader.Malformed) in try reader.read(UInt64.self) }
            let bounds = try reader.readList(minimumSize: 8, number)
            let counts = try reader.readList(minimumSize: 8, number)
            guard bounds.count <= 64, counts.count == bounds.count + 1 else { throw WireReader.Malformed() }
            self = .histogram(bounds: bounds, counts: counts, sum: try reader.read())
        default: throw WireReader.Malformed()
        }
    }

    func write(to writer: inout WireWriter) {
        switch self {
        case .counter(let value):
            writer.write(UInt8(0))
            writer.write(value)
        case .gauge(let value):
            writer.write(UInt8(1))
            writer.write(value)
        case .histogram(let bounds, let counts, let sum):
            writer.write(UInt8(2))
            writer.write(list: bounds) { $0.write($1) }
            writer.write(list: counts) { $0.write($1) }
            writer.write(sum)
        }
    }
}
