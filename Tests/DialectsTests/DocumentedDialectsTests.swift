import Dialects
import Domain
import Foundation
import Testing

/// The table of dialects in `docs/configuration.md` says of each row what is true of it.
@Suite struct DocumentedDialectsTests {
    /// The table's lines by the names in their first column.
    private func rows() throws -> [String: String] {
        let tests = URL(filePath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        let page = tests.appending(path: "../../docs/configuration.md").standardizedFileURL
        let text = try String(contentsOf: page, encoding: .utf8)
        let section = try #require(text.components(separatedBy: "\n### Dialects\n").last)
        let table = try #require(section.components(separatedBy: "\n### ").first)
        var rows: [String: String] = [:]
        for line in table.components(separatedBy: "\n") where line.hasPrefix("| `") && !line.hasPrefix("| `dialect`") {
            let first = line.components(separatedBy: "|")[1]
            for (place, name) in first.components(separatedBy: "`").enumerated() where place % 2 == 1 {
                rows[name] = line
            }
        }
        return rows
    }

    @Test func eachDialectHasItsLine() throws {
        #expect(Set(try self.rows().keys) == Set(Dialect.allCases.map(\.name) + ["simulated"]))
    }

    @Test(arguments: Dialect.allCases) func itsLineIsTrue(dialect: Dialect) throws {
        let line = try #require(try self.rows()[dialect.name])
        #expect(line.contains("untested against real traffic") == !ProviderTable.row(dialect).isTested)
        if let url = dialect.defaultBaseURL {
            #expect(line.contains("| `\(url)` |"))
        } else {
            #expect(line.contains("| |"))
        }
    }
}
