import Foundation

/// What names of keys, projects and time zones may be.
enum EntityName {
    /// Characters (Unicode scalars).
    static let limit = 100
    /// The same rule as a regular expression: no control characters, none that cannot be seen or turn the direction of a text, none of private
    /// use, no blank at either end.
    static let pattern = "^[^ \(excluded)]([^\(excluded)]*[^ \(excluded)])?$"
    private static let excluded =
        "\\u0000-\\u001f\\u007f-\\u009f\\u00ad\\u200b-\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ue000-\\uf8ff\\ufeff\\ufff0-\\uffff"

    /// `name`, when it is one: 1 to 100 characters, and the rule of `pattern`.
    static func checked(_ name: String?, _ member: String) throws(AdministrationFailure) -> String {
        guard let name else { throw .invalid("\(member) is missing", field: member) }
        guard (1...Self.limit).contains(name.unicodeScalars.count), name.unicodeScalars.allSatisfy(Self.isPlain),
            name.utf8.first != 0x20, name.utf8.last != 0x20
        else {
            throw .unusable(
                member,
                "\(member) must have 1 to \(Self.limit) characters, no control characters and no blank at its ends")
        }
        return name
    }

    /// The name that a list is asked for by a member of its query; nil where there is none. Throws for what no name can be.
    static func filter(_ fields: inout RequestFields, _ member: String) throws(AdministrationFailure) -> String? {
        guard let name = try fields.text(member) else { return nil }
        return try Self.checked(name, member)
    }

    private static func isPlain(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0...0x1F, 0x7F...0x9F, 0xAD, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x206F, 0xE000...0xF8FF, 0xFEFF,
            0xFFF0...0xFFFF:
            false
        default: true
        }
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
        else { throw .unusable("time_zone", "time_zone must be an IANA name such as Europe/Berlin, or UTC") }
        return name
    }
}
