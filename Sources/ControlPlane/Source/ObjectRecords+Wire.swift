import Administration
import IPC

extension ObjectRecords {
    private static let nameLimit = 4 << 10
    private static let bodyLimit = 4 << 20

    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        let number = Int64(bitPattern: try reader.read(UInt64.self))
        let records = try reader.readList(minimumSize: 41) { (reader) throws(WireReader.Malformed) in
            let kind = Int64(bitPattern: try reader.read(UInt64.self))
            let name = try reader.readString(limit: Self.nameLimit)
            let body = try reader.readBytes(limit: Self.bodyLimit)
            let sealed = try reader.readOptional { (reader) throws(WireReader.Malformed) in
                try reader.readBytes(limit: Self.bodyLimit)
            }
            let created: UInt64 = try reader.read()
            let changed: UInt64 = try reader.read()
            return ObjectRecord(
                kind: kind, name: name, body: body, sealed: sealed, created: created, changed: changed,
                version: Int64(bitPattern: try reader.read(UInt64.self)))
        }
        self.init(number: number, records: records)
    }

    func write(to writer: inout WireWriter) {
        writer.write(UInt64(bitPattern: self.number))
        writer.write(list: self.records) { writer, record in
            writer.write(UInt64(bitPattern: record.kind))
            writer.write(record.name)
            writer.write(record.body)
            writer.write(optional: record.sealed) { $0.write($1) }
            writer.write(record.created)
            writer.write(record.changed)
            writer.write(UInt64(bitPattern: record.version))
        }
    }
}
