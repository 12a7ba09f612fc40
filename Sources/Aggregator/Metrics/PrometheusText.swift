import Metrics

/// Writes metrics in Prometheus' text exposition format 0.0.4.
///
/// Durations are kept in microseconds and written in seconds by moving the decimal point, so no value is rounded.
public struct PrometheusText: Sendable {
    /// The reply's content type.
    public static let contentType = Array("text/plain; version=0.0.4; charset=utf-8".utf8)

    private var bytes: [UInt8] = []

    /// The whole document. Families and samples are written in the order given; a sample whose value is not of its
    /// family's kind is left out.
    public static func render(_ families: [MetricFamily]) -> [UInt8] {
        var text = PrometheusText()
        for family in families { text.write(family) }
        return text.bytes
    }

    private mutating func write(_ family: MetricFamily) {
        let definition = family.definition
        self.write("# HELP ")
        self.write(definition.name)
        self.write(" ")
        self.writeEscaped(definition.help.utf8, quotes: false)
        self.write("\n# TYPE ")
        self.write(definition.name)
        switch definition.kind {
        case .counter: self.write(" counter\n")
        case .gauge: self.write(" gauge\n")
        case .histogram: self.write(" histogram\n")
        }
        for sample in family.samples {
            switch (definition.kind, sample.value) {
            case (.counter, .counter(let value)):
                self.line(definition, sample, value: Self.decimal(value, places: Self.places(definition.unit)))
            case (.gauge, .gauge(let value)):
                self.line(definition, sample, value: String(value))
            case (.histogram, .histogram(let bounds, let counts, let sum)):
                self.write(definition, sample, bounds: bounds, counts: counts, sum: sum)
            default:
                continue
            }
        }
    }

    private mutating func write(
        _ definition: MetricDefinition, _ sample: MetricFamily.Sample, bounds: [UInt64], counts: [UInt64], sum: UInt64
    ) {
        var cumulative: UInt64 = 0
        for (index, count) in counts.enumerated() {
            cumulative = cumulative.addingClamped(count)
            let bound = index < bounds.count ? Self.seconds(bounds[index]) : "+Inf"
            self.line(definition, sample, suffix: "_bucket", bound: bound, value: String(cumulative))
        }
        self.line(definition, sample, suffix: "_sum", value: Self.seconds(sum))
        self.line(definition, sample, suffix: "_count", value: String(cumulative))
    }

    private mutating func line(
        _ definition: MetricDefinition, _ sample: MetricFamily.Sample, suffix: String = "", bound: String? = nil,
        value: String
    ) {
        self.write(definition.name)
        self.write(suffix)
        var opened = false
        for (name, label) in zip(definition.labels, sample.labels) {
            self.write(opened ? "," : "{")
            opened = true
            self.write(name)
            self.write("=\"")
            self.writeEscaped(label, quotes: true)
            self.write("\"")
        }
        if let bound {
            self.write(opened ? "," : "{")
            opened = true
            self.write("le=\"")
            self.write(bound)
            self.write("\"")
        }
        self.write(opened ? "} " : " ")
        self.write(value)
        self.write("\n")
    }

    private static func places(_ unit: MetricDefinition.Unit) -> Int {
        switch unit {
        case .one: 0
        case .millionth: 6
        case .billionth: 9
        }
    }

    /// Microseconds as a decimal number of seconds without needless zeros: 2500000 is `2.5`.
    static func seconds(_ microseconds: UInt64) -> String { self.decimal(microseconds, places: 6) }

    /// A number whose decimal point is moved by `places`, 0 to 19, without needless zeros.
    static func decimal(_ value: UInt64, places: Int) -> String {
        var scale: UInt64 = 1
        for _ in 0..<places { scale &*= 10 }
        let (whole, rest) = value.quotientAndRemainder(dividingBy: scale)
        guard rest > 0 else { return String(whole) }
        var digits = String(rest)
        digits = String(repeating: "0", count: places - digits.utf8.count) + digits
        while digits.utf8.last == UInt8(ascii: "0") { digits.removeLast() }
        return "\(whole).\(digits)"
    }

    private mutating func write(_ text: String) {
        self.bytes.append(contentsOf: text.utf8)
    }

    private mutating func writeEscaped(_ text: some Sequence<UInt8>, quotes: Bool) {
        for byte in text {
            switch byte {
            case UInt8(ascii: "\\"): self.write("\\\\")
            case UInt8(ascii: "\n"): self.write("\\n")
            case UInt8(ascii: "\"") where quotes: self.write("\\\"")
            default: self.bytes.append(byte)
            }
        }
    }
}
