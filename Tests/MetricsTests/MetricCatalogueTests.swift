import Glibc
import Testing

@testable import Metrics

@Suite struct MetricCatalogueTests {
    private let all = MetricCatalogue.all

    /// The table of `docs/metrics.md`: name, type and labels of each row.
    private func documented() throws -> Set<String> {
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let file = unsafe open("/\(root)/docs/metrics.md", O_RDONLY)
        try #require(file >= 0)
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        let count = unsafe read(file, &bytes, bytes.count)
        let lines = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self).split(separator: "\n")
        return Set(
            lines.filter { $0.hasPrefix("| `sluice_") }.map { line in
                line.split(separator: "|").prefix(3).map { cell in
                    cell.filter { $0 != "`" && $0 != " " && $0 != "–" }
                }.joined(separator: "|")
            })
    }

    @Test func theDocumentationListsExactlyThese() throws {
        let expected = self.all.map { "\($0.name)|\($0.kind)|\($0.labels.joined(separator: ","))" }
        #expect(try self.documented() == Set(expected))
    }

    @Test func namesFollowTheConventions() {
        for metric in self.all {
            #expect(metric.name.hasPrefix("sluice_"))
            #expect(metric.name.utf8.allSatisfy { $0 == 0x5F || (0x61...0x7A).contains($0) })
            #expect((metric.kind == .counter) == metric.name.hasSuffix("_total"))
            let isDistribution =
                metric.name.hasSuffix("_seconds") && !metric.name.hasSuffix("_timestamp_seconds")
                || metric.name.hasSuffix("_error")
            #expect((metric.kind == .histogram) == isDistribution)
            // Prometheus' own: it would rename ours.
            #expect(Set(metric.labels).isDisjoint(with: ["le", "quantile", "job", "instance"]), "\(metric.name)")
            #expect(metric.openLabels.isSubset(of: metric.labels))
            #expect(metric.help.hasSuffix("."))
            #expect(metric.labels.count <= 8 && metric.name.utf8.count <= 128, "a page takes no more")
        }
        #expect(Set(self.all.map(\.name)).count == self.all.count)
    }
}
