import Domain

/// Reads `schedule`: when jobs run, and by whose clocks they do. Budgets begin and end by the same ones.
enum ScheduleSchema {
    static func read(_ reader: MappingReader, into configuration: inout GatewayConfiguration) {
        var reader = reader
        let time: ScalarParser.Parse<Schedule> = { scalar throws(ValueError) in
            guard let schedule = Schedule(scalar.text) else {
                throw ValueError("expected a time such as \"01:00\" or \"Sun 02:00\"")
            }
            return schedule
        }
        configuration.schedules.rollup = reader.value("rollup", time) ?? configuration.schedules.rollup
        configuration.schedules.prune = reader.value("prune", time) ?? configuration.schedules.prune
        let timeZone = reader.value("timezone") { scalar throws(ValueError) in try TimeZoneText.parse(scalar.text) }
        configuration.timeZone = timeZone ?? configuration.timeZone
        reader.finish()
    }
}
