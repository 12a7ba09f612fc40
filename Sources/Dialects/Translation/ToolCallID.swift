/// Names of tool calls: the gateway's own, and those for providers that take only short ones.
enum ToolCallID {
    private static let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)

    /// For a call without one: that of the `ordinal`th call of a reply.
    static func made(_ ordinal: Int, _ nonce: [UInt8]) -> [UInt8] {
        Array("call_".utf8) + nonce + Array("_\(ordinal)".utf8)
    }

    /// `id` itself where it has `length` letters and digits, else such a name made from it: the same for the same one, so that
    /// a call and its result still find each other, in every later request too.
    static func fitted(_ id: [UInt8], length: Int?) -> [UInt8] {
        guard let length else { return id }
        if id.count == length, id.allSatisfy({ self.digits.contains($0) }) { return id }
        // FNV-1a, 64 bits: 9 of 62 characters hold 53 of them, and a conversation has some hundred calls.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in id { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        var name: [UInt8] = []
        for _ in 0..<length {
            name.append(self.digits[Int(hash % 62)])
            hash /= 62
        }
        return name
    }
}
