import Catalogue
import Configuration
import Domain

extension SnapshotBuilder {
    /// Why workers could not use a configuration, whatever its place and time; nil where they can.
    @Sendable static func objection(
        to configuration: GatewayConfiguration, _ catalogue: CatalogueDocument?
    ) -> String? {
        var builder = SnapshotBuilder(version: 1, staticKeyDigest: nil, cores: 1, workingDirectory: "/")
        builder.catalogue = catalogue
        return builder.build(configuration).canBeRead ? nil : "the configuration would be too large for the workers"
    }
}
