extension BinarySource {
    /// What a URL stands for: a `data:` URL the bytes in it, which have to be base64, an http or https URL itself. nil for any
    /// other.
    init?(url: [UInt8]) {
        if BinarySource.hasScheme(url, "data:") {
            guard let comma = url.firstIndex(of: UInt8(ascii: ",")) else { return nil }
            let parameters = url[5..<comma].split(separator: UInt8(ascii: ";"), omittingEmptySubsequences: false)
            guard
                let mediaType = parameters.first, !mediaType.isEmpty, parameters.count > 1, let last = parameters.last,
                BinarySource.hasScheme(Array(last), "base64"), last.count == 6
            else { return nil }
            let data = url[(comma + 1)...]
            guard !data.isEmpty else { return nil }
            self = .base64(mediaType: mediaType.map(BinarySource.lowercased), data: Array(data))
        } else if BinarySource.isWeb(url) {
            self = .url(url)
        } else {
            return nil
        }
    }

    /// Whether a URL is one of http or https.
    static func isWeb(_ url: [UInt8]) -> Bool {
        self.hasScheme(url, "https://") || self.hasScheme(url, "http://")
    }

    /// Whether `bytes` begin with `word`, which is in lower case, in whatever case.
    private static func hasScheme(_ bytes: [UInt8], _ word: StaticString) -> Bool {
        let count = word.utf8CodeUnitCount
        guard bytes.count >= count else { return false }
        for index in 0..<count where unsafe self.lowercased(bytes[index]) != word.utf8Start[index] { return false }
        return true
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
}
