/// What one chunk says of one tool call.
struct ToolCallFragment {
    /// The call's number among those of its choice, where the provider gives one.
    var index: Int64?
    /// Empty where it says none, as are the others.
    var id: [UInt8] = []
    var name: [UInt8] = []
    var arguments: [UInt8] = []
    /// It is OpenAI's `function_call`, of which a choice has one, without id.
    var isLegacy = false

    var isEmpty: Bool { self.id.isEmpty && self.name.isEmpty && self.arguments.isEmpty }
}
