import Domain

/// Digests of catalogues as answers and entity tags have them: 64 hexadecimal digits.
enum CatalogueDigest {
    static func text(_ digest: [UInt8]) -> String {
        String(decoding: HexDigit.text(digest), as: UTF8.self)
    }

    /// nil for a text that is none.
    static func bytes(_ text: String) -> [UInt8]? {
        text.utf8.count == 64 ? HexDigit.bytes(text.utf8) : nil
    }
}
