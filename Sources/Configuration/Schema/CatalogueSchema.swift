import Domain

/// Reads `catalogue`.
enum CatalogueSchema {
    static func read(_ reader: MappingReader) -> CatalogueSettings {
        var reader = reader
        var settings = CatalogueSettings()
        if let path = reader.value("file", ScalarParser.text("the path of a file")) { settings.source = .file(path) }
        let url = reader.value("url") { scalar throws(ValueError) in try Self.url(scalar.text) }
        if let url {
            if settings.source != nil, let entry = reader.entry("url") {
                reader.problems.problem(entry.value, "expected a file or a URL, not both")
            }
            settings.source = .url(url)
        }
        settings.refresh =
            reader.value("refresh", ScalarParser.duration(.seconds(1) ... .seconds(365 * 86_400))) ?? settings.refresh
        settings.appliesItself =
            reader.value("apply", ScalarParser.choice(["manual": false, "auto": true])) ?? settings.appliesItself
        reader.finish()
        return settings
    }

    /// What comes from elsewhere decides what clients are charged: nobody on the way may change it.
    private static func url(_ text: String) throws(ValueError) -> String {
        let url = try ProviderURL(text)
        guard url.isSecure || url.host == "localhost" || IPAddress(url.host)?.isLoopback == true else {
            throw ValueError("expected a URL that starts with https:// (or one on this machine)")
        }
        return url.description
    }
}
