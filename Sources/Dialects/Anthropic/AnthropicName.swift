/// Names of messages as Anthropic's clients know them.
enum AnthropicName {
    /// The provider's own where it is one of Anthropic's, else one of the gateway's.
    static func message(_ id: [UInt8], _ nonce: [UInt8]) -> [UInt8] {
        id.starts(with: "msg_".utf8) ? id : Array("msg_".utf8) + nonce
    }
}
