import Administration
import Catalogue
import Configuration
import Cryptography
import Domain
import EventLog

/// What happens to a catalogue that was read: it waits until somebody applies it, unless it is the first of a file, or applies itself. Runs on
/// a thread with a store.
struct CatalogueIntake {
    /// What came of it.
    enum Outcome: Hashable, Sendable {
        /// It says what is in force.
        case same
        /// It is another one and waits.
        case waits(models: Int, CatalogueCounts)
        /// It has taken the place of the one before, if there was one.
        case applied(models: Int, CatalogueCounts)
        case failed(String)
    }

    let source: CatalogueSettings.Source
    let appliesItself: Bool
    /// The entity tag that its server gave.
    var tag: String?
    let store: AdministrationStore
    /// Milliseconds since 1970.
    let now: UInt64

    /// Reads the file; `path` is absolute.
    func take(file path: String, readFile: BoundedFile.Reader) -> Outcome {
        do throws(BoundedFile.Failure) {
            return self.take(try readFile(path, CatalogueReader.maximumBytes))
        } catch {
            return .failed("it cannot be read: \(error.reason)")
        }
    }

    /// Takes what the source has.
    func take(_ bytes: [UInt8]) -> Outcome {
        do {
            let reading = try CatalogueReader.read(bytes)
            guard let candidate = try CatalogueRecord(reading, source: self.source.text, tag: self.tag, now: self.now)
            else { return .failed("it is too large") }
            try self.store.keep(candidate: candidate)
            let inForce = try self.store.catalogue()
            guard inForce?.head.digest != candidate.head.digest else { return .same }
            let counts = CatalogueCounts(
                CatalogueDifference(
                    from: inForce.flatMap { CatalogueDocument(packed: $0.body) } ?? CatalogueDocument(),
                    to: reading.document))
            let models = reading.document.entries.count
            guard self.appliesItself || (inForce == nil && self.isFile) else { return .waits(models: models, counts) }
            let change = CatalogueApplication(only: nil, digest: candidate.head.digest, providers: [])
            _ = try change.apply(to: self.store, from: .gateway)
            return .applied(models: models, counts)
        } catch let fault as CatalogueFault {
            return .failed(fault.description)
        } catch let failure as AdministrationFailure {
            return .failed(failure.message)
        } catch {
            return .failed("\(error)")
        }
    }

    private var isFile: Bool {
        if case .file = self.source { return true }
        return false
    }
}

extension CatalogueRecord {
    /// What was read, as it is stored; nil where it is too large.
    init?(_ reading: CatalogueReading, source: String, tag: String?, now: UInt64) throws(CryptographyError) {
        guard let body = reading.document.packed() else { return nil }
        self.init(
            Head(
                digest: try Self.digest(of: body), models: Int64(reading.document.entries.count), source: source,
                notes: reading.notes.json, read: now, checked: now, tag: tag), body: body)
    }

    static func digest(of body: [UInt8]) throws(CryptographyError) -> [UInt8] {
        let algorithm = try SHA256()
        return try algorithm.digest(body).bytes
    }
}
