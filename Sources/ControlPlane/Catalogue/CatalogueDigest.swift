import Domain

/// Digests of catalogues as answers and entity tags have them: 64 hexadecimal digits.
enum CatalogueDigest {
    static func text(_ digest: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    /// nil for a text that is none.
    static func bytes(_ text: String) -> [UInt8]? {
        let digits = text.utf8.compactMap { HexDigit.value($0) }
        guard digits.count == 64, text.utf8.count == 64 else { return nil }
        return stride(from: 0, to: 64, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }
}
