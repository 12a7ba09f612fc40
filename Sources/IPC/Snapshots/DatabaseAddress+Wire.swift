import Domain

// A server's address goes as its URL, with the password: in sealed memory only.
extension DatabaseAddress {
    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        switch try reader.read(UInt8.self) {
        case 0: self = .sqlite(path: try reader.readString(limit: 4200))
        case 1:
            let url = try reader.readBytes(limit: PostgresAddress.longestURL)
            do throws(PostgresAddress.Malformed) {
                self = .postgres(try PostgresAddress(url: url))
            } catch { throw WireReader.Malformed() }
        default: throw WireReader.Malformed()
        }
    }

    func write(to writer: inout WireWriter) {
        switch self {
        case .sqlite(let path):
            writer.write(UInt8(0))
            writer.write(path)
        case .postgres(let address):
            writer.write(UInt8(1))
            address.url.withBytes { writer.write($0) }
        }
    }
}
