import Catalogue
import Configuration
import Domain
import EventLog

/// What `sluice check` has to say of the configuration's catalogue. One that is behind a URL is the running gateway's matter.
enum CatalogueCheck {
    /// Why the file would not be used, what in it is new or wrong, and which configured models end. None of that keeps a gateway from
    /// starting.
    static func notices(_ configuration: GatewayConfiguration, now: UInt64 = Timestamp.now()) -> [String] {
        guard case .file(let path)? = configuration.catalogue.source else { return [] }
        let reading: CatalogueReading
        do {
            reading = try CatalogueReader.read(try BoundedFile.readNow(path: path, limit: CatalogueReader.maximumBytes))
        } catch let failure as BoundedFile.Failure {
            return ["catalogue.file: \(path) cannot be read: \(failure.reason)"]
        } catch {
            return ["catalogue.file: \(path): \(error)"]
        }
        var notices: [String] = []
        let notes = reading.notes
        if !notes.isClean {
            let fields = (notes.unknown + notes.bad).prefix(5).map(\.name).joined(separator: ", ")
            notices.append(
                "catalogue.file: of \(path) \(notes.unknown.count) fields are unknown, \(notes.bad.count) not usable"
                    + (fields.isEmpty ? "" : " (\(fields))") + ", \(notes.models.count) models left out")
        }
        let endings = EndingModels(
            reading.document, configuration.providers.map(\.settings), today: CatalogueDay(milliseconds: now))
        return notices
            + endings.notices(
                aliases: configuration.models.map { alias in
                    (alias.name, alias.choices.map { .init(provider: $0.target.provider, model: $0.target.model) })
                },
                priced: configuration.pricing.compactMap { price in
                    price.model.map { .init(provider: price.provider, model: $0) }
                })
    }
}
