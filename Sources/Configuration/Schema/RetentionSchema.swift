/// Reads `retention`.
enum RetentionSchema {
    /// Days that requests are kept at least: a month that is not over is added up from them when budgets are counted anew.
    private static let leastRequests: Int64 = 32

    static func read(_ reader: MappingReader) -> RetentionSettings {
        var reader = reader
        var settings = RetentionSettings()
        if let time = self.time("requests", least: self.leastRequests, &reader) { settings.requests = time }
        if let time = self.time("usage", least: self.leastRequests, &reader) { settings.usage = time }
        if let time = self.time("audit", least: 1, &reader) { settings.audit = time }
        if let usage = settings.usage, settings.requests.map({ usage < $0 }) ?? true,
            let entry = reader.entry("usage")
        {
            // Requests that are there are added up whenever sums are looked after.
            reader.problems.problem(
                entry.value,
                "sums of usage cannot be kept for less time than requests, which are kept "
                    + (settings.requests == nil ? "for ever" : RetentionText.text(of: settings.requests)))
        }
        reader.finish()
        return settings
    }

    private static func time(_ key: String, least: Int64, _ reader: inout MappingReader) -> UInt64?? {
        reader.value(key) { scalar throws(ValueError) in try RetentionText.parse(scalar.text, least: least) }
    }
}
