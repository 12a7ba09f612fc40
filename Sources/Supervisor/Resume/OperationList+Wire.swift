import Domain
import IPC

extension OperationList {
    func write(to writer: inout WireWriter) {
        writer.write(self.lastID)
        writer.write(list: self.entries) {
            $0.write($1.id)
            $0.write($1.token)
            $0.write($1.kind.rawValue)
            $0.write($1.state.rawValue)
            $0.write($1.message)
            $0.write($1.since)
        }
    }

    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        self.init()
        self.lastID = try reader.read()
        self.entries = try reader.readList(minimumSize: 26) { (reader) throws(WireReader.Malformed) in
            let id: ID = try reader.read()
            let token: UInt64 = try reader.read()
            guard let kind = OrderKind(rawValue: try reader.read()),
                let state = TreeReport.Operation.State(rawValue: try reader.read())
            else { throw WireReader.Malformed() }
            let message = try reader.readString(limit: 64 << 10)
            return Entry(id: id, token: token, kind: kind, state: state, message: message, since: try reader.read())
        }
    }
}
