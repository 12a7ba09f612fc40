import Domain

/// Reads `journal`.
enum JournalSchema {
    static func read(_ reader: MappingReader) -> JournalSettings {
        var reader = reader
        var settings = JournalSettings()
        if let bytes = reader.value("max_bytes", ScalarParser.byteSize((1 << 20)...(1 << 44))) {
            settings.maxBytes = UInt64(bytes)
        }
        settings.isStrict =
            reader.value("when_full", ScalarParser.choice(["strict": true, "open": false])) ?? settings.isStrict
        if let time = reader.value("sync_interval", ScalarParser.duration(.milliseconds(1) ... .seconds(60))) {
            settings.syncInterval = UInt32(clamping: time)
        }
        reader.finish()
        return settings
    }
}
