import Domain

/// Reads `telemetry`, of which what metrics are counted by is in use.
enum TelemetrySchema {
    static func read(_ reader: MappingReader) -> TelemetrySettings {
        var reader = reader
        var settings = TelemetrySettings()
        reader.unavailable("otlp")
        reader.unavailable("helicone")
        reader.unavailable("extension", neutral: ["headers", "off"])
        var metrics = reader.mapping("metrics")
        settings.countsProjects = metrics.value("per_project", ScalarParser.boolean) ?? settings.countsProjects
        metrics.finish()
        reader.finish()
        return settings
    }
}
