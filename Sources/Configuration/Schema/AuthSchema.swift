import Domain

/// Reads `auth`.
enum AuthSchema {
    static func read(_ reader: MappingReader) -> AuthSettings {
        var reader = reader
        var settings = AuthSettings()
        settings.keys =
            reader.value("keys", ScalarParser.choice(["required": .required, "optional": .optional])) ?? settings.keys
        reader.unavailable("anonymous")
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
