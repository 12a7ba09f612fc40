/// Base64 with padding, as data URLs and Anthropic's sources have it. Pure.
enum Base64Bytes {
    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    static func encode(_ bytes: [UInt8]) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count &+ 2) / 3 * 4)
        var index = 0
        while index < bytes.count {
            let rest = bytes.count &- index
            let second = rest > 1 ? bytes[index &+ 1] : 0
            let third = rest > 2 ? bytes[index &+ 2] : 0
            let group = UInt32(bytes[index]) << 16 | UInt32(second) << 8 | UInt32(third)
            text.append(self.digits[Int(group >> 18)])
            text.append(self.digits[Int(group >> 12 & 63)])
            text.append(rest > 1 ? self.digits[Int(group >> 6 & 63)] : UInt8(ascii: "="))
            text.append(rest > 2 ? self.digits[Int(group & 63)] : UInt8(ascii: "="))
            index &+= 3
        }
        return text
    }
}
