/// Origins as browsers send them: `https://app.example.com`, `http://localhost:3000`, or `*`.
enum CORSOriginText {
    static func parse(_ text: String) throws(ValueError) -> String {
        if text == "*" { return text }
        let expectation = ValueError(
            "expected an origin such as https://app.example.com (scheme, host, port; no path), or *")
        let bytes = Array(text.utf8)
        guard bytes.count <= 512, let separator = text.firstRange(of: "://") else { throw expectation }
        let scheme = Array(text[..<separator.lowerBound].utf8)
        let host = Array(text[separator.upperBound...].utf8)
        guard let first = scheme.first, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(first | 0x20), !host.isEmpty
        else { throw expectation }
        guard scheme.allSatisfy({ self.isAlphanumeric($0) || "+-.".utf8.contains($0) }),
            host.allSatisfy({ self.isAlphanumeric($0) || "-._:[]".utf8.contains($0) })
        else { throw expectation }
        // Browsers send scheme and host in lower case and origins are compared as bytes.
        guard !bytes.contains(where: { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains($0) }) else {
            throw ValueError("expected an origin in lower case, as browsers send it")
        }
        return text
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default:
            false
        }
    }
}
