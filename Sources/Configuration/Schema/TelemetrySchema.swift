import Domain

/// Reads `telemetry`, of which what metrics are counted by and what replies say is in use.
enum TelemetrySchema {
    static func read(_ reader: MappingReader) -> TelemetrySettings {
        var reader = reader
        var settings = TelemetrySettings()
        reader.unavailable("otlp")
        reader.unavailable("helicone")
        settings.responseExtension =
            reader.value("extension", ScalarParser.choice(["headers": .headers, "body": .body, "off": .off]))
            ?? settings.responseExtension
        var metrics = reader.mapping("metrics")
        settings.countsProjects = metrics.value("per_project", ScalarParser.boolean) ?? settings.countsProjects
        metrics.finish()
        reader.finish()
        return settings
    }
}
