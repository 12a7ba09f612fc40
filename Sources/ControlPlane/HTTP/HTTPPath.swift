import Domain

/// The path and query of a request, as sent. Pure.
///
/// What two readers could take for two different paths is refused, not put right: bytes that are no visible ASCII, `%` without two
/// digits behind it, encoded NULs, what is no UTF-8 when it is decoded, and segments that are empty or dots. Encoded slashes are told
/// of: only where names may have them do they mean something.
struct HTTPPath: Hashable {
    /// Decoded, without the first slash. The path `/` has none.
    var segments: [String]
    /// Whether a segment has a slash in it, which was sent as %2F.
    var hasSlashes: Bool { self.segments.contains { $0.utf8.contains(UInt8(ascii: "/")) } }
    /// Names and values, decoded, in order.
    var query: [Field]

    /// A name with its value.
    struct Field: Hashable {
        var name: [UInt8]
        var value: [UInt8]
    }

    /// Why a path is refused.
    enum Fault: Error, Hashable {
        case path
        /// The name of the field, as far as it can be read.
        case query(String)
    }

    private static let longestName = 64

    init(_ text: String) throws(Fault) {
        let bytes = Array(text.utf8)
        guard bytes.first == UInt8(ascii: "/"), bytes.allSatisfy({ (0x21...0x7E).contains($0) }) else { throw .path }
        let mark = bytes.firstIndex(of: UInt8(ascii: "?"))
        self.segments = try Self.segments(bytes[1..<(mark ?? bytes.count)])
        self.query = try mark.map { (mark) throws(Fault) in try Self.fields(bytes[(mark + 1)...]) } ?? []
    }

    private static func segments(_ text: ArraySlice<UInt8>) throws(Fault) -> [String] {
        guard !text.isEmpty else { return [] }
        var segments: [String] = []
        for part in text.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            guard let bytes = PercentEncoding.decode(part), !bytes.isEmpty, !bytes.contains(0),
                let segment = String(validating: bytes, as: UTF8.self),
                !bytes.elementsEqual(".".utf8), !bytes.elementsEqual("..".utf8)
            else { throw .path }
            segments.append(segment)
        }
        return segments
    }

    private static func fields(_ text: ArraySlice<UInt8>) throws(Fault) -> [Field] {
        var fields: [Field] = []
        for part in text.split(separator: UInt8(ascii: "&")) {
            let equals = part.firstIndex(of: UInt8(ascii: "="))
            let name = PercentEncoding.decode(part[..<(equals ?? part.endIndex)], blanks: true)
            let value = equals.map { PercentEncoding.decode(part[($0 + 1)...], blanks: true) } ?? []
            guard let name, String(validating: name, as: UTF8.self) != nil, !name.contains(0) else { throw .query("") }
            guard let value, String(validating: value, as: UTF8.self) != nil, !value.contains(0) else {
                throw .query(String(decoding: name.prefix(self.longestName), as: UTF8.self))
            }
            fields.append(Field(name: name, value: value))
        }
        return fields
    }
}
