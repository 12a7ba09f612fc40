import Domain

/// Reads `logging`.
enum LoggingSchema {
    static func read(_ reader: MappingReader, into configuration: inout GatewayConfiguration) {
        var reader = reader
        var settings = LogSettings()
        let level = reader.value(
            "level",
            ScalarParser.choice(["debug": LogLevel.debug, "info": .info, "warning": .warning, "error": .error]))
        configuration.logLevel = level ?? configuration.logLevel
        settings.format =
            reader.value("format", ScalarParser.choice(["json": LogFormat.json, "text": .text])) ?? settings.format
        let text = ScalarParser.text("stderr or the path of a file", longest: 1024)
        let file = reader.value("file") { scalar throws(ValueError) in
            let path = try text(scalar)
            guard !path.hasSuffix("/"), path != ".", path != "..", !path.hasSuffix("/."), !path.hasSuffix("/..") else {
                throw ValueError("expected stderr or the path of a file, not of a folder")
            }
            return path
        }
        settings.file = file == "stderr" ? nil : file
        settings.requests.access = reader.value("access", ScalarParser.boolean) ?? settings.requests.access
        settings.requests.prompts = reader.value("prompts", ScalarParser.boolean) ?? settings.requests.prompts
        settings.requests.responses = reader.value("responses", ScalarParser.boolean) ?? settings.requests.responses
        let kept = [
            settings.requests.prompts ? "what clients send (logging.prompts)" : nil,
            settings.requests.responses ? "what they get (logging.responses)" : nil,
        ].compactMap { $0 }
        if !kept.isEmpty {
            reader.problems.notice("the log holds the beginning of " + kept.joined(separator: " and of "))
        }
        reader.finish()
        configuration.logging = settings
    }
}
