import Domain

extension HousekeepingSettings {
    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        let rollup = try Schedule(from: &reader)
        let schedules = JobSchedules(rollup: rollup, prune: try Schedule(from: &reader))
        let timeZone = try TimeZoneRules(from: &reader)
        let time = { (reader: inout WireReader) throws(WireReader.Malformed) -> UInt64 in try reader.read() }
        let requests = try reader.readOptional(time)
        self.init(
            schedules: schedules, timeZone: timeZone, requests: requests, usage: try reader.readOptional(time))
    }

    func write(to writer: inout WireWriter) {
        self.schedules.rollup.write(to: &writer)
        self.schedules.prune.write(to: &writer)
        self.timeZone.write(to: &writer)
        writer.write(optional: self.requests) { $0.write($1) }
        writer.write(optional: self.usage) { $0.write($1) }
    }
}

extension Schedule {
    init(from reader: inout WireReader) throws(WireReader.Malformed) {
        let weekday = try reader.readOptional { (reader) throws(WireReader.Malformed) in
            guard let weekday = Weekday(rawValue: try reader.read()) else { throw WireReader.Malformed() }
            return weekday
        }
        guard let schedule = Schedule(weekday, minute: try reader.read()) else { throw WireReader.Malformed() }
        self = schedule
    }

    func write(to writer: inout WireWriter) {
        writer.write(optional: self.weekday) { $0.write($1.rawValue) }
        writer.write(self.minute)
    }
}
