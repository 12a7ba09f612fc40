import Administration
import Configuration
import Domain
import IPC

/// The catalogue that was in force last, in a file of the state folder, for a start while the database is away.
enum CatalogueCopy {
    /// In the state folder.
    static let name = "control/catalogue"
    private static let limit = 24 << 20
    private static let magic = Array("sluice kept catalogue \(SharedFormats.configuration)\n".utf8)

    /// Nil where there is none that can be read.
    static func read(stateDirectory: String) -> CatalogueRecord? {
        guard let bytes = try? BoundedFile.readNow(path: "\(stateDirectory)/\(Self.name)", limit: Self.limit),
            bytes.starts(with: Self.magic)
        else { return nil }
        return try? WireReader.decode(Array(bytes.dropFirst(Self.magic.count))) {
            (reader) throws(WireReader.Malformed) in try CatalogueRecord(from: &reader)
        }
    }

    /// Puts a new file in the place of the old one, where it is another catalogue; false where that was not possible.
    static func keep(_ record: CatalogueRecord?, stateDirectory: String) -> Bool {
        guard let record, Self.read(stateDirectory: stateDirectory)?.head != record.head else { return true }
        var writer = WireWriter(reserving: record.body.count + 4096)
        record.write(to: &writer)
        return KeptCopy.write(Self.magic + writer.bytes, to: "\(stateDirectory)/\(Self.name)")
    }
}
