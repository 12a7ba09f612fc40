/// Reads `schedule`, of which the time zone is in use: budgets begin and end by it.
enum ScheduleSchema {
    /// The name of the time zone; nil where the file has none.
    static func read(_ reader: MappingReader) -> String? {
        var reader = reader
        let time: ScalarParser.Parse<String> = { scalar throws(ValueError) in
            guard self.isTime(scalar.text) else {
                throw ValueError("expected a time such as \"01:00\" or \"Sun 02:00\"")
            }
            return scalar.text
        }
        reader.tuning("rollup", time)
        reader.tuning("prune", time)
        let timeZone = reader.value("timezone") { scalar throws(ValueError) in try TimeZoneText.parse(scalar.text) }
        reader.finish()
        return timeZone
    }

    /// Whether `text` is `HH:MM`, with a day of the week before it or not.
    private static func isTime(_ text: String) -> Bool {
        var time = Array(text.utf8)
        let days = ["Mon ", "Tue ", "Wed ", "Thu ", "Fri ", "Sat ", "Sun "]
        if days.contains(where: { time.starts(with: $0.utf8) }) {
            time.removeFirst(4)
        }
        let zero = UInt8(ascii: "0")
        guard time.count == 5, time[2] == UInt8(ascii: ":"), (zero...zero + 2).contains(time[0]),
            (zero...zero + 9).contains(time[1]), (zero...zero + 5).contains(time[3]),
            (zero...zero + 9).contains(time[4])
        else { return false }
        return time[0] < zero + 2 || time[1] < zero + 4
    }
}
