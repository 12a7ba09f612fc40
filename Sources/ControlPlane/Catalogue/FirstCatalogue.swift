import Administration
import Configuration
import EventLog

/// The catalogue of a gateway that has none yet: that of its file, where the configuration names one.
enum FirstCatalogue {
    /// Puts it in force before the gateway starts, so that not one request is priced otherwise. Returns what is to be said of that. A file that
    /// cannot be read is no reason not to start: what is built in counts then.
    static func prepare(
        _ configuration: GatewayConfiguration, in workingDirectory: String, store: AdministrationStore,
        readFile: BoundedFile.Reader
    ) -> [String] {
        guard case .file(let path)? = configuration.catalogue.source, let heads = try? store.catalogueHeads(),
            heads.inForce == nil
        else { return [] }
        let intake = CatalogueIntake(source: .file(path), appliesItself: true, store: store, now: Timestamp.now())
        switch intake.take(file: AbsolutePath.resolve(path, in: workingDirectory), readFile: readFile) {
        case .applied(let models, _):
            return ["catalogue: \(models) models of \(path) are in force; there were none before"]
        // It is looked at again, and said then, as soon as the gateway is up.
        case .failed, .same, .waits: return []
        }
    }
}
