import Domain

/// Reads `http`.
enum HTTPSchema {
    static func read(_ reader: MappingReader) -> HTTPSettings {
        var reader = reader
        var settings = HTTPSettings()
        let size = ScalarParser.byteSize
        let duration = ScalarParser.duration
        if let bytes = reader.value("max_request_line", size(256...(64 << 10))) {
            settings.limits.maxRequestLine = UInt32(bytes)
        }
        if let bytes = reader.value("max_headers", size((1 << 10)...(1 << 20))) {
            settings.limits.maxHeaders = UInt32(bytes)
        }
        if let bytes = reader.value("max_body", size((1 << 10)...(1 << 30))) {
            settings.limits.maxBody = UInt64(bytes)
        }
        if let time = reader.value("header_timeout", duration(.milliseconds(100) ... .seconds(600))) {
            settings.limits.headerTimeout = time
        }
        if let time = reader.value("idle_timeout", duration(.milliseconds(100) ... .seconds(86_400))) {
            settings.limits.idleTimeout = time
        }
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
