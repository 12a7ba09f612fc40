/// The tool that stands for "answer in JSON" where a Claude model has no answer formats: it is offered and demanded, and what the
/// model puts into it is the answer.
///
/// Requests get it from `AnthropicRequestWriter`. A `tool_use` of that name in a reply is no call: its input (`{}` where it has
/// none) is the message's text, its `partial_json` pieces are pieces of that text, and the reason `tool_use` is then `stop`,
/// unless other tools were called, too.
enum AnthropicJSONTool {
    static let name: StaticString = "sluice_json_answer"

    static func isName(_ name: [UInt8]) -> Bool { JSONName.equals(name, self.name) }
}
