import Domain

/// Reads `cache`, of which the sharing of provider calls is in use (single-flight).
enum CacheSchema {
    static func read(_ reader: MappingReader) -> SharedCallSettings {
        var reader = reader
        var shared = SharedCallSettings()
        reader.unavailable("enabled", neutral: ["false"])
        reader.tuning("when", ScalarParser.word("deterministic", "unary", "all"))
        reader.tuning("ttl", UnbuiltSchema.anyDuration)
        reader.tuning("max_size", ScalarParser.byteSize(0...(1 << 50)))
        shared.scope =
            reader.value("scope", ScalarParser.choice(["project": .project, "key": .key, "shared": .everybody]))
            ?? shared.scope
        shared.isOn = reader.value("single_flight", ScalarParser.boolean) ?? shared.isOn
        shared.eachPays =
            reader.value("metering", ScalarParser.choice(["leader": false, "each": true])) ?? shared.eachPays
        reader.finish()
        return shared
    }
}
