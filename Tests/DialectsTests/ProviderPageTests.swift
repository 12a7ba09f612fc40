import Domain
import Foundation
import Testing

/// docs/providers.md says what the table says.
@Suite("Provider page", .enabled(if: ProviderPage.hasDocs, "there is no folder docs here"))
struct ProviderPageTests {
    @Test("Every row of the table stands on the page as it is")
    func rows() throws {
        let page = try ProviderPage.page()
        for line in ProviderPage.overview + ProviderPage.members + ProviderPage.tastes {
            #expect(page.contains(line + "\n"), "docs/providers.md lacks:\n\(line)")
        }
    }

    @Test("The page has no row that the table has not")
    func others() throws {
        let known = Set(ProviderPage.overview + ProviderPage.members + ProviderPage.tastes)
        for line in try ProviderPage.page().split(separator: "\n") where line.hasPrefix("| `") {
            let first = line.dropFirst(3).prefix { $0 != "`" }
            guard Dialect.allCases.contains(where: { $0.name == first }) else { continue }
            #expect(known.contains(String(line)), "docs/providers.md has an old line:\n\(line)")
        }
    }

    /// Writes the tables, for whoever changes a row: SLUICE_PRINT_TABLES=1 swift test --filter ProviderPage
    @Test("Print", .enabled(if: ProcessInfo.processInfo.environment["SLUICE_PRINT_TABLES"] != nil))
    func printed() {
        for table in [ProviderPage.overview, ProviderPage.members, ProviderPage.tastes] {
            print(table.joined(separator: "\n") + "\n")
        }
    }
}
