import Domain

extension LimitTableSettings {
    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        self.init()
        self.slots = try reader.read()
        self.places = try reader.read()
        guard Self.slotRange.contains(self.slots), Self.placeRange.contains(self.places) else {
            throw WireReader.Malformed()
        }
        self.timeZone = try TimeZoneRules(from: &reader)
        self.projects = try reader.readList(minimumSize: 28) { (reader) throws(WireReader.Malformed) in
            let high: UInt64 = try reader.read()
            let id = EntityID(high: high, low: try reader.read())
            return Project(id: id, timeZone: try TimeZoneRules(from: &reader))
        }
    }

    func write(to writer: inout WireWriter) {
        writer.write(self.slots)
        writer.write(self.places)
        self.timeZone.write(to: &writer)
        writer.write(list: self.projects) {
            $0.write($1.id.high)
            $0.write($1.id.low)
            $1.timeZone.write(to: &$0)
        }
    }
}
