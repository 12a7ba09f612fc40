internal import Domain

/// The turns of a conversation in the order that Anthropic takes: instructions apart, turns of one role together, results of
/// tools before anything else that the user says, thoughts first. Pure.
struct AnthropicMessages {
    /// A part and where it was.
    struct Block {
        var part: Part
        var turn: Int
        var index: Int
    }

    struct Message {
        var role: Turn.Role
        var blocks: [Block]
    }

    private(set) var system: [Block] = []
    private(set) var messages: [Message] = []
    private let unsupported: Unsupported
    private let paths: RequestPath
    /// Blocks that only Anthropic knows came in through its own door.
    private let keepsOpaque: Bool

    /// Throws for a part that Anthropic does not take, and where nothing is left to answer.
    init(
        _ conversation: Conversation, _ model: AnthropicModel, _ context: TranslationContext
    ) throws(GatewayError) {
        self.unsupported = Unsupported(context)
        self.paths = RequestPath(conversation, context)
        self.keepsOpaque = context.endpoint.isAnthropic
        let turns = conversation.turns
        /// Of the next turn that is not the system's.
        var place = 0
        for (index, turn) in turns.enumerated() {
            let blocks = try self.blocks(turn, index)
            guard !blocks.isEmpty else { continue }
            guard turn.role == .system else {
                self.append(blocks, turn.role)
                continue
            }
            // Found once for all instructions in a row: there may be very many.
            if place <= index { place = turns[index...].firstIndex { $0.role != .system } ?? turns.count }
            let next = place < turns.count ? turns[place].role : .assistant
            if self.staysInPlace(blocks, model, next: next) {
                self.append(blocks, .system)
            } else {
                self.system += blocks
            }
        }
        for index in self.messages.indices { self.messages[index].sort() }
        guard self.messages.contains(where: { $0.role != .system }) else {
            throw RequestFault.invalidValue(
                context.endpoint == .completions ? "prompt" : "messages",
                "provider '\(context.provider)' needs at least one message of a user with content.")
        }
    }

    // MARK: Turns

    /// Newer models take instructions between a user's message and the answer.
    private func staysInPlace(_ blocks: [Block], _ model: AnthropicModel, next: Turn.Role) -> Bool {
        let isOpaque = blocks.contains { block in
            if case .opaque = block.part { true } else { false }
        }
        if isOpaque { return true }
        guard model.hasSystemTurns, next == .assistant, let last = self.messages.last else { return false }
        return last.role != .assistant
    }

    private mutating func append(_ blocks: [Block], _ role: Turn.Role) {
        if let last = self.messages.indices.last, self.messages[last].role == role {
            self.messages[last].blocks += blocks
        } else {
            self.messages.append(Message(role: role, blocks: blocks))
        }
    }

    // MARK: Parts

    private func blocks(_ turn: Turn, _ turnIndex: Int) throws(GatewayError) -> [Block] {
        var blocks: [Block] = []
        blocks.reserveCapacity(turn.parts.count)
        for (index, part) in turn.parts.enumerated() {
            var part = part
            if case .toolResult(var result) = part {
                var inner: [Part] = []
                for (place, piece) in result.parts.enumerated() {
                    let path = { self.paths.part(turnIndex, index, of: turn.parts, inner: place, of: result.parts) }
                    if try self.takes(piece, path) { inner.append(piece) }
                }
                result.parts = inner
                part = .toolResult(result)
            } else if try !self.takes(part, { self.paths.part(turnIndex, index, of: turn.parts) }) {
                continue
            }
            blocks.append(Block(part: part, turn: turnIndex, index: index))
        }
        return blocks
    }

    /// Whether the part goes to Anthropic. It refuses texts without anything in them, and thoughts it has not signed.
    private func takes(_ part: Part, _ path: () -> String) throws(GatewayError) -> Bool {
        switch part {
        case .text(let text): return !Self.isBlank(text.text)
        case .refusal(let text): return !Self.isBlank(text)
        case .thinking(let thinking): return !thinking.signature.isEmpty
        case .audio:
            try self.unsupported.member(path())
            return false
        case .opaque:
            if self.keepsOpaque { return true }
            try self.unsupported.member(path())
            return false
        case .image, .document, .toolCall, .toolResult, .redactedThinking: return true
        }
    }

    /// Whether there is nothing but ASCII blanks.
    static func isBlank(_ text: [UInt8]) -> Bool {
        text.allSatisfy { $0 == 0x20 || 0x09...0x0D ~= $0 }
    }
}

extension AnthropicMessages.Message {
    /// Results before anything else in a user's message; thoughts first in an assistant's, unless one leads it already: then
    /// the order is the model's own.
    fileprivate mutating func sort() {
        switch self.role {
        case .system: break
        case .user:
            self.blocks = self.blocks.filter { $0.isResult } + self.blocks.filter { !$0.isResult }
        case .assistant:
            guard self.blocks.first?.isThought == false else { return }
            self.blocks = self.blocks.filter { $0.isThought } + self.blocks.filter { !$0.isThought }
        }
    }
}

extension AnthropicMessages.Block {
    fileprivate var isResult: Bool {
        if case .toolResult = self.part { true } else { false }
    }

    fileprivate var isThought: Bool {
        switch self.part {
        case .thinking, .redactedThinking: true
        default: false
        }
    }
}
