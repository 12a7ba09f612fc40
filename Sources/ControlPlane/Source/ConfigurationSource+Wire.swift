import Administration
import Configuration
import Domain
import IPC

extension ConfigurationSource {
    /// Names the format and its version.
    private static let magic = Array("sluice configuration \(SharedFormats.configuration)\n".utf8)
    private static let pathLimit = 64 << 10

    /// The bytes of the sealed memfd.
    func encoded() -> [UInt8] {
        var writer = WireWriter(reserving: 16 << 10)
        writer.write(self.version)
        writer.write(optional: self.file) {
            $0.write($1.name)
            $0.write($1.bytes)
        }
        writer.write(self.environment.bytes)
        writer.write(list: self.includes) { writer, include in
            writer.write(include.path)
            switch include.outcome {
            case .success(let bytes):
                writer.write(true)
                writer.write(bytes)
            case .failure(let failure):
                writer.write(false)
                writer.write(failure.reason)
            }
        }
        writer.write(self.workingDirectory)
        writer.write(optional: self.staticKey) { writer, key in key.withBytes { writer.write($0) } }
        writer.write(self.limitPlaces)
        writer.write(self.mostUpstreams)
        self.objects.write(to: &writer)
        writer.write(optional: self.catalogue) { $1.record.write(to: &$0) }
        return Self.magic + writer.bytes
    }

    /// nil for anything `encoded` does not make.
    init?(decoding bytes: [UInt8]) {
        guard bytes.starts(with: Self.magic), let source = try? Self.decode(Array(bytes.dropFirst(Self.magic.count)))
        else { return nil }
        self = source
    }

    private static func decode(_ bytes: [UInt8]) throws(WireReader.Malformed) -> ConfigurationSource {
        try WireReader.decode(bytes) { (reader) throws(WireReader.Malformed) in
            let version: UInt64 = try reader.read()
            let file = try reader.readOptional { (reader) throws(WireReader.Malformed) in
                let name = try reader.readString(limit: Self.pathLimit)
                return File(name: name, bytes: try reader.readBytes(limit: Self.limit))
            }
            let environment = EnvironmentBlock(bytes: try reader.readBytes(limit: Self.environmentLimit))
            let includes = try reader.readList(minimumSize: 9) { (reader) throws(WireReader.Malformed) in
                let path = try reader.readString(limit: Self.pathLimit)
                guard try reader.readBool() else {
                    let reason = try reader.readString(limit: Self.pathLimit)
                    return Include(path: path, outcome: .failure(BoundedFile.Failure(reason: reason)))
                }
                return Include(path: path, outcome: .success(try reader.readBytes(limit: Self.limit)))
            }
            let workingDirectory = try reader.readString(limit: Self.pathLimit)
            let key = try reader.readOptional { (reader) throws(WireReader.Malformed) in
                Secret(try reader.readBytes(limit: 512))
            }
            let limitPlaces: UInt16 = try reader.read()
            let mostUpstreams: UInt16 = try reader.read()
            let objects = try ObjectRecords(from: &reader)
            let catalogue = try reader.readOptional { (reader) throws(WireReader.Malformed) in
                guard let catalogue = LoadedCatalogue(try CatalogueRecord(from: &reader)) else {
                    throw WireReader.Malformed()
                }
                return catalogue
            }
            return ConfigurationSource(
                version: version, file: file, environment: environment, includes: includes,
                workingDirectory: workingDirectory, staticKey: key, limitPlaces: limitPlaces,
                mostUpstreams: mostUpstreams, objects: objects, catalogue: catalogue)
        }
    }
}
