import Domain

/// Reads `auth`.
enum AuthSchema {
    static func read(_ reader: MappingReader, problems: ProblemSink) -> AuthSettings {
        var reader = reader
        var settings = AuthSettings()
        let keys: AuthenticationMode? = reader.value(
            "keys", ScalarParser.choice(["required": .required, "optional": .optional]))
        let anonymousEntry = reader.entries.first { $0.key == "anonymous" }
        settings.anonymous = LimitsSchema(problems: problems).anonymous(&reader)
        // Who says what anonymous callers may use wants them served.
        settings.keys = keys ?? (settings.anonymous == nil ? settings.keys : .optional)
        if settings.anonymous != nil, keys == .required, let anonymousEntry {
            problems.problem(
                at: anonymousEntry.position, path: anonymousEntry.value.path,
                "there are no anonymous callers with `keys: required`; set it to optional")
        }
        if reader.isNull("wrong_keys_per_minute") { settings.wrongKeysPerMinute = nil }
        if let count = reader.value("wrong_keys_per_minute", ScalarParser.integer(1...1_000_000)) {
            settings.wrongKeysPerMinute = Int64(count)
        }
        reader.unavailable("jwt")
        settings.staticKey = reader.value("static_key", secret: true) { scalar throws(ValueError) in
            let bytes = Array(scalar.text.utf8)
            if let objection = CredentialText.objectionToStaticKey(bytes) { throw ValueError(objection) }
            return Secret(bytes)
        }
        reader.finish()
        return settings
    }
}
