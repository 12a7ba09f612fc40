import Foundation

/// Time zones as the configuration writes them.
enum TimeZoneText {
    /// The IANA name of a zone that is known here, or `UTC`.
    static func parse(_ text: String) throws(ValueError) -> String {
        if text == "UTC" { return text }
        // Foundation knows abbreviations too, whose meaning depends on who asks.
        let isRegion = text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
                || [0x2B, 0x2D, 0x2F, 0x5F].contains(byte)
        }
        guard isRegion, text.utf8.contains(UInt8(ascii: "/")), text.utf8.count <= 64, TimeZone(identifier: text) != nil
        else { throw ValueError("expected a time zone such as UTC or Europe/Berlin") }
        return text
    }
}
