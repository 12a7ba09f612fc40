@testable import Administration

/// Vaults of tests.
enum SampleVault {
    private static let key = String(repeating: "5a", count: 32)

    /// One that opens what was sealed with its key, and seals nothing.
    static func locked() -> Vault {
        do {
            let source = try MasterKeySource(stateDirectory: "/nowhere") { $0 == "SLUICE_MASTER_KEY" ? Self.key : nil }
            return try Vault(source)
        } catch {
            fatalError("\(error)")
        }
    }

    /// A store with this vault, which is open from then on.
    static func store(_ stateDirectory: String, _ vault: Vault) throws -> AdministrationStore {
        try AdministrationSource(stateDirectory: stateDirectory, vault: vault).open()
    }
}
