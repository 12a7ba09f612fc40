public import Domain

/// The one table of what is peculiar to each provider.
public enum ProviderTable {
    public static func row(_ dialect: Dialect) -> ProviderRow {
        ProviderRow(dialect, title: dialect.name, isExact: dialect == .openai)
    }
}
