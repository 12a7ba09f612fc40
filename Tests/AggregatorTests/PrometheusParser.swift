import IPC
import Metrics

@testable import Aggregator

/// Reads the text format back, strictly: every line must be understood, each family must start with HELP and TYPE.
struct PrometheusParser {
    struct Failure: Error {
        var line: String
    }

    private struct Line {
        var name: String
        var labels: [(name: String, value: [UInt8])]
        var value: String
    }

    static func parse(_ document: [UInt8]) throws -> [MetricFamily] {
        guard let text = String(validating: document, as: UTF8.self) else { throw Failure(line: "not UTF-8") }
        guard text.isEmpty || text.utf8.last == UInt8(ascii: "\n") else { throw Failure(line: "no newline at the end") }
        var groups: [(help: String, kind: MetricDefinition.Kind, name: String, lines: [Line])] = []
        var help: (name: String, text: String)?
        // By bytes: a carriage return before the newline would be one Character with it.
        for line in text.utf8.split(separator: UInt8(ascii: "\n")).map({ String(decoding: $0, as: UTF8.self) }) {
            let words = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false).map(String.init)
            if line.hasPrefix("# HELP "), words.count == 4 {
                help = (words[2], self.unescape(words[3]))
            } else if line.hasPrefix("# TYPE "), words.count == 4 {
                let kinds: [String: MetricDefinition.Kind] = [
                    "counter": .counter, "gauge": .gauge, "histogram": .histogram,
                ]
                guard let kind = kinds[words[3]], let help, help.name == words[2] else { throw Failure(line: line) }
                groups.append((help.text, kind, words[2], []))
            } else {
                guard !groups.isEmpty else { throw Failure(line: line) }
                groups[groups.count - 1].lines.append(try self.sample(line))
            }
        }
        return try groups.map { try self.family($0.help, $0.kind, $0.name, $0.lines) }
    }

    private static func family(
        _ help: String, _ kind: MetricDefinition.Kind, _ name: String, _ lines: [Line]
    ) throws -> MetricFamily {
        let names = lines.first.map { $0.labels.map(\.name).filter { $0 != "le" } } ?? []
        let definition = MetricDefinition(name: name, kind: kind, help: help, labels: names)
        var family = MetricFamily(definition: definition, samples: [])
        var bounds: [UInt64] = []
        var counts: [UInt64] = []
        var total: UInt64 = 0
        var sum: UInt64 = 0
        for line in lines {
            let failure = Failure(line: "\(line)")
            let labels = line.labels.filter { $0.name != "le" }.map(\.value)
            guard line.labels.map(\.name).filter({ $0 != "le" }) == names else { throw failure }
            switch (kind, line.name) {
            case (.counter, name):
                guard let value = UInt64(line.value) else { throw failure }
                family.samples.append(MetricFamily.Sample(labels: labels, value: .counter(value)))
            case (.gauge, name):
                guard let value = Int64(line.value) else { throw failure }
                family.samples.append(MetricFamily.Sample(labels: labels, value: .gauge(value)))
            case (.histogram, name + "_bucket"):
                guard let bound = line.labels.last, bound.name == "le", let value = UInt64(line.value), value >= total
                else { throw failure }
                if bound.value != Array("+Inf".utf8) {
                    bounds.append(try self.microseconds(String(decoding: bound.value, as: UTF8.self)))
                }
                counts.append(value - total)
                total = value
            case (.histogram, name + "_sum"):
                sum = try self.microseconds(line.value)
            case (.histogram, name + "_count"):
                guard UInt64(line.value) == total else { throw failure }
                let value = MetricValue.histogram(bounds: bounds, counts: counts, sum: sum)
                family.samples.append(MetricFamily.Sample(labels: labels, value: value))
                (bounds, counts, total) = ([], [], 0)
            default: throw failure
            }
        }
        return family
    }

    private static func sample(_ line: String) throws -> Line {
        var rest = Array(line.utf8)[...]
        let isName = { (byte: UInt8) in
            byte == UInt8(ascii: "_") || (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte)
        }
        let name = rest.prefix(while: isName)
        rest = rest.dropFirst(name.count)
        var labels: [(name: String, value: [UInt8])] = []
        if rest.first == UInt8(ascii: "{") {
            repeat {
                rest = rest.dropFirst()
                let label = rest.prefix(while: isName)
                rest = rest.dropFirst(label.count)
                guard rest.starts(with: "=\"".utf8) else { throw Failure(line: line) }
                rest = rest.dropFirst(2)
                var value: [UInt8] = []
                while let byte = rest.popFirst(), byte != UInt8(ascii: "\"") {
                    guard byte == UInt8(ascii: "\\") else {
                        value.append(byte)
                        continue
                    }
                    switch rest.popFirst() {
                    case UInt8(ascii: "n"): value.append(UInt8(ascii: "\n"))
                    case UInt8(ascii: "\\"): value.append(UInt8(ascii: "\\"))
                    case UInt8(ascii: "\""): value.append(UInt8(ascii: "\""))
                    default: throw Failure(line: line)
                    }
                }
                labels.append((String(decoding: label, as: UTF8.self), value))
            } while rest.first == UInt8(ascii: ",")
            guard rest.popFirst() == UInt8(ascii: "}") else { throw Failure(line: line) }
        }
        guard rest.popFirst() == UInt8(ascii: " "), !rest.isEmpty, !rest.contains(UInt8(ascii: " ")), !name.isEmpty
        else { throw Failure(line: line) }
        return Line(
            name: String(decoding: name, as: UTF8.self), labels: labels, value: String(decoding: rest, as: UTF8.self))
    }

    private static func unescape(_ text: String) -> String {
        var result: [UInt8] = []
        var bytes = Array(text.utf8)[...]
        while let byte = bytes.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                result.append(byte)
                continue
            }
            result.append(bytes.popFirst() == UInt8(ascii: "n") ? UInt8(ascii: "\n") : UInt8(ascii: "\\"))
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func microseconds(_ seconds: String) throws -> UInt64 {
        let parts = seconds.split(separator: ".", omittingEmptySubsequences: false)
        let fraction = parts.count == 2 ? String(parts[1]) : ""
        guard (1...2).contains(parts.count), fraction.utf8.count <= 6, parts.count == 1 || !fraction.isEmpty,
            let value = UInt64(parts[0] + fraction + String(repeating: "0", count: 6 - fraction.utf8.count))
        else { throw Failure(line: seconds) }
        return value
    }
}
