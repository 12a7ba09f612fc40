/// Knows the sections of the schema that no feature of this version uses.
///
/// What asks for nothing is accepted, what only tunes is checked and said to have no effect, and what promises something
/// is refused: nobody shall rely on what is not there.
enum UnbuiltSchema {
    static var anyDuration: ScalarParser.Parse<UInt64> {
        ScalarParser.duration(.zero ... .seconds(3_650 * 86_400))
    }

    static func read(_ reader: inout MappingReader) {
        self.redaction(reader.mapping("redaction"))
        reader.unavailable("audit")
        reader.unavailable("alerts")
    }

    private static func redaction(_ reader: MappingReader) {
        var reader = reader
        reader.unavailable("enabled", neutral: ["false"])
        let pattern = ScalarParser.word("email", "phone", "credit_card", "iban", "ssn", "ip", "secret")
        _ = reader.list("patterns", of: "patterns, such as [email, phone]", pattern)
        reader.unavailable("custom")
        reader.finish()
    }
}
