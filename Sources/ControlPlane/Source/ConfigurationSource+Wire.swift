import Configuration
import Domain
import IPC

extension ConfigurationSource {
    private static let magic = Array("SLCF".utf8)
    private static let format: UInt16 = 1
    private static let pathLimit = 64 << 10

    /// The bytes of the sealed memfd.
    func encoded() -> [UInt8] {
        var writer = WireWriter(reserving: 16 << 10)
        writer.write(Self.magic)
        writer.write(Self.format)
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
        return writer.bytes
    }

    /// Throws on anything `encoded` does not make.
    init(decoding bytes: [UInt8]) throws(WireReader.Malformed) {
        self = try WireReader.decode(bytes) { (reader) throws(WireReader.Malformed) in
            guard try reader.readBytes(limit: 4) == Self.magic, try reader.read(UInt16.self) == Self.format else {
                throw WireReader.Malformed()
            }
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
            return ConfigurationSource(
                version: version, file: file, environment: environment, includes: includes,
                workingDirectory: workingDirectory, staticKey: key)
        }
    }
}
