import Domain

extension SharedCallSettings {
    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        let isOn = try reader.readBool()
        guard let scope = Scope(rawValue: try reader.read()) else { throw WireReader.Malformed() }
        self.init(isOn: isOn, scope: scope, eachPays: try reader.readBool())
    }

    func write(to writer: inout WireWriter) {
        writer.write(self.isOn)
        writer.write(self.scope.rawValue)
        writer.write(self.eachPays)
    }
}
