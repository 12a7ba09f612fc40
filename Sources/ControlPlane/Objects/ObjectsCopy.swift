import Administration
import Configuration
import Domain
import IPC

/// The objects that were in force last, in a file of the state folder, for a start while the database is away. Secrets in it are sealed.
enum ObjectsCopy {
    /// In the state folder.
    static let name = "control/objects"
    private static let limit = 48 << 20
    private static let magic = Array("sluice objects \(SharedFormats.configuration)\n".utf8)

    /// Nil where there is none that can be read.
    static func read(stateDirectory: String) -> ObjectRecords? {
        guard let bytes = try? BoundedFile.readNow(path: "\(stateDirectory)/\(Self.name)", limit: Self.limit),
            bytes.starts(with: Self.magic)
        else { return nil }
        return try? WireReader.decode(Array(bytes.dropFirst(Self.magic.count))) {
            (reader) throws(WireReader.Malformed) in try ObjectRecords(from: &reader)
        }
    }

    /// Puts a new file in the place of the old one; false where that was not possible.
    static func write(_ records: ObjectRecords, stateDirectory: String) -> Bool {
        var writer = WireWriter(reserving: 4 << 10)
        records.write(to: &writer)
        return KeptCopy.write(Self.magic + writer.bytes, to: "\(stateDirectory)/\(Self.name)")
    }
}
