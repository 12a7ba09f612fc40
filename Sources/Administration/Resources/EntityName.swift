import Foundation

/// What names of keys, projects and time zones may be.
enum EntityName {
    /// Bytes of UTF-8.
    static let limit = 100

    /// `name`, when it is one: 1 to 100 bytes, no control characters, no blank at either end.
    static func checked(_ name: String?, _ member: String) throws(AdministrationFailure) -> String {
        guard let name, !name.utf8.isEmpty else { throw .invalid("\(member) is missing") }
        let isPlain = name.unicodeScalars.allSatisfy { scalar in
            switch scalar.properties.generalCategory {
            case .control, .format, .lineSeparator, .paragraphSeparator, .surrogate, .unassigned, .privateUse: false
            default: true
            }
        }
        guard name.utf8.count <= Self.limit, isPlain, name.utf8.first != 0x20, name.utf8.last != 0x20 else {
            throw .invalid(
                "\(member) must have 1 to \(Self.limit) bytes, no control characters and no blank at its ends")
        }
        return name
    }

    /// The IANA name of a time zone this machine knows; nil for nil.
    static func timeZone(_ name: String?) throws(AdministrationFailure) -> String? {
        guard let name, !name.utf8.elementsEqual("UTC".utf8) else { return name }
        // Foundation knows abbreviations too, whose meaning depends on who asks.
        let isRegion = name.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || [0x2B, 0x2D, 0x2F, 0x5F].contains(byte)
        }
        guard isRegion, name.utf8.contains(UInt8(ascii: "/")), name.utf8.count <= Self.limit,
            TimeZone(identifier: name) != nil
        else { throw .invalid("time_zone must be an IANA name such as Europe/Berlin, or UTC") }
        return name
    }
}
