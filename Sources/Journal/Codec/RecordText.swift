/// How long texts in records may be.
enum RecordText {
    /// Of names (models, providers, keys) and error codes, in bytes.
    static let name = 256

    /// How many bytes of a text go into a record: all, or the most that fit without cutting a UTF-8 character.
    static func kept(_ text: [UInt8], _ maximum: Int) -> Int {
        guard text.count > maximum else { return text.count }
        var end = maximum
        // A character has at most three bytes after its first; what is no UTF-8 is cut anywhere.
        while end > maximum - 3, end > 0, text[end] & 0xC0 == 0x80 { end -= 1 }
        return text[end] & 0xC0 == 0x80 ? maximum : end
    }

    /// Bytes a text takes in a record.
    static func size(_ text: [UInt8], _ maximum: Int) -> Int { 2 + RecordText.kept(text, maximum) }
}
