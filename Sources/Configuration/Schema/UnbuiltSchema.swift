/// Knows the sections of the schema that no feature of this version uses.
///
/// What asks for nothing is accepted, what only tunes is checked and said to have no effect, and what promises something
/// is refused: nobody shall believe in a limit that is not enforced.
enum UnbuiltSchema {
    private static var anyDuration: ScalarParser.Parse<UInt64> {
        ScalarParser.duration(.zero ... .seconds(3_650 * 86_400))
    }
    private static var anySize: ScalarParser.Parse<Int> { ScalarParser.byteSize(0...(1 << 50)) }

    static func read(_ reader: inout MappingReader) {
        self.catalogue(reader.mapping("catalogue"))
        self.limits(reader.mapping("limits"))
        self.cache(reader.mapping("cache"))
        self.redaction(reader.mapping("redaction"))
        reader.unavailable("audit")
        self.telemetry(reader.mapping("telemetry"))
        self.retention(reader.mapping("retention"))
        self.schedule(reader.mapping("schedule"))
        reader.unavailable("alerts")
    }

    private static func catalogue(_ reader: MappingReader) {
        var reader = reader
        reader.unavailable("file")
        reader.unavailable("url")
        reader.tuning("refresh", self.anyDuration)
        reader.finish()
    }

    private static func limits(_ reader: MappingReader) {
        var reader = reader
        var global = reader.mapping("global")
        global.unavailable("requests_per_minute")
        global.finish()
        reader.tuning("budget_mode", ScalarParser.word("strict", "estimate"))
        var perAddress = reader.mapping("per_ip")
        perAddress.unavailable("requests_per_minute")
        perAddress.finish()
        var perKey = reader.mapping("per_key")
        perKey.unavailable("requests_per_minute")
        perKey.unavailable("tokens_per_minute")
        perKey.unavailable("concurrency")
        perKey.finish()
        reader.unavailable("unknown_price", neutral: ["allow"])
        reader.tuning("table_slots", ScalarParser.integer(1...(1 << 30)))
        reader.finish()
    }

    private static func cache(_ reader: MappingReader) {
        var reader = reader
        reader.unavailable("enabled", neutral: ["false"])
        reader.tuning("when", ScalarParser.word("deterministic", "unary", "all"))
        reader.tuning("ttl", self.anyDuration)
        reader.tuning("max_size", self.anySize)
        reader.tuning("scope", ScalarParser.word("project", "key", "shared"))
        reader.tuning("single_flight", ScalarParser.boolean)
        reader.finish()
    }

    private static func redaction(_ reader: MappingReader) {
        var reader = reader
        reader.unavailable("enabled", neutral: ["false"])
        let pattern = ScalarParser.word("email", "phone", "credit_card", "iban", "ssn", "ip", "secret")
        _ = reader.list("patterns", of: "patterns, such as [email, phone]", pattern)
        reader.unavailable("custom")
        reader.finish()
    }

    private static func telemetry(_ reader: MappingReader) {
        var reader = reader
        reader.unavailable("otlp")
        reader.unavailable("helicone")
        reader.unavailable("extension", neutral: ["headers", "off"])
        reader.finish()
    }

    private static func retention(_ reader: MappingReader) {
        var reader = reader
        for key in ["requests", "usage", "audit"] {
            reader.unavailable(key, neutral: ["forever"])
        }
        reader.finish()
    }

    private static func schedule(_ reader: MappingReader) {
        var reader = reader
        let time: ScalarParser.Parse<String> = { scalar throws(ValueError) in
            guard self.isTime(scalar.text) else {
                throw ValueError("expected a time such as \"01:00\" or \"Sun 02:00\"")
            }
            return scalar.text
        }
        reader.tuning("rollup", time)
        reader.tuning("prune", time)
        reader.tuning("timezone", ScalarParser.text("a time zone such as UTC or Europe/Berlin", longest: 64))
        reader.finish()
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
