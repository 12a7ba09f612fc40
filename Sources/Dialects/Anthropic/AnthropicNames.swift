/// Names that the gateway gives where a provider gives none, or none that Anthropic's clients know.
enum AnthropicNames {
    /// A message's: the provider's own where it is one of Anthropic's.
    static func message(_ id: [UInt8], _ nonce: [UInt8]) -> [UInt8] {
        id.starts(with: "msg_".utf8) ? id : Array("msg_".utf8) + nonce
    }

    /// That of the tool call of a number.
    static func call(_ ordinal: Int, _ nonce: [UInt8]) -> [UInt8] {
        Array("call_".utf8) + nonce + Array("_\(ordinal)".utf8)
    }
}
