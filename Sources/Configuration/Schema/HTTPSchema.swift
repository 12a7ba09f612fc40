/// Reads `http`.
enum HTTPSchema {
    static func read(_ reader: MappingReader) -> HTTPSettings {
        var reader = reader
        var settings = HTTPSettings()
        let size = ScalarParser.byteSize
        let duration = ScalarParser.duration
        settings.maxRequestLine = reader.value("max_request_line", size(256...(64 << 10))) ?? settings.maxRequestLine
        settings.maxHeaders = reader.value("max_headers", size((1 << 10)...(1 << 20))) ?? settings.maxHeaders
        settings.maxBody = reader.value("max_body", size((1 << 10)...(1 << 30))) ?? settings.maxBody
        settings.headerTimeout =
            reader.value("header_timeout", duration(.milliseconds(100) ... .seconds(600))) ?? settings.headerTimeout
        settings.idleTimeout =
            reader.value("idle_timeout", duration(.milliseconds(100) ... .seconds(86_400))) ?? settings.idleTimeout
        settings.trustedProxies =
            reader.list("trusted_proxies", of: "address ranges, such as [10.0.0.0/8]") { scalar throws(ValueError) in
                try AddressRange(scalar.text)
            } ?? []
        var cors = reader.mapping("cors")
        settings.corsOrigins =
            cors.list("origins", of: "origins, such as [https://app.example.com]") { scalar throws(ValueError) in
                try CORSOriginText.parse(scalar.text)
            } ?? []
        cors.finish()
        reader.finish()
        return settings
    }
}
