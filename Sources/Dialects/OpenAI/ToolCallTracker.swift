/// Tells the tool calls of one choice apart, whichever way a provider numbers and names their pieces. Pure.
///
/// A call is told when its name and id are known; what came of its arguments before that waits. Where the id does not come with
/// the next piece of anything else, the gateway gives it one.
struct ToolCallTracker {
    private struct Call {
        var index: Int64?
        var id: [UInt8]
        var name: [UInt8]
        var isLegacy: Bool
        /// Arguments that came before the call was told.
        var waiting: [UInt8] = []
        var isTold = false
        /// Its first piece held all of its arguments.
        var cameWhole: Bool
    }

    private static let maximumCalls = 1024
    private static let maximumWaitingBytes = 1 << 20

    let choice: Int
    /// What the ids are made from that the provider does not give.
    let nonce: [UInt8]
    private var calls: [Call] = []

    init(choice: Int, nonce: [UInt8]) {
        self.choice = choice
        self.nonce = nonce
    }

    mutating func take(_ fragment: ToolCallFragment, into events: inout [ReplyEvent]) throws(StreamFault) {
        let place: Int
        if let known = self.place(of: fragment) {
            place = known
        } else {
            guard !fragment.isEmpty else { return }
            self.settle(into: &events)
            guard self.calls.count < Self.maximumCalls else { throw .invalidResponse }
            place = self.calls.count
            self.calls.append(
                Call(
                    index: fragment.index, id: [], name: [], isLegacy: fragment.isLegacy,
                    cameWhole: Self.isWhole(fragment.arguments)))
        }
        if self.calls[place].id.isEmpty { self.calls[place].id = fragment.id }
        if self.calls[place].name.isEmpty { self.calls[place].name = fragment.name }
        let call = self.calls[place]
        if !call.isTold, !call.name.isEmpty, !call.id.isEmpty || call.isLegacy { self.tell(place, into: &events) }
        guard !fragment.arguments.isEmpty else { return }
        if self.calls[place].isTold {
            events.append(.arguments(choice: self.choice, index: place, fragment.arguments))
        } else {
            guard call.waiting.count &+ fragment.arguments.count <= Self.maximumWaitingBytes else {
                throw .invalidResponse
            }
            self.calls[place].waiting += fragment.arguments
        }
    }

    /// Something else came: calls whose id has not come get one.
    mutating func settle(into events: inout [ReplyEvent]) {
        for place in self.calls.indices where !self.calls[place].isTold { self.tell(place, into: &events) }
    }

    private mutating func tell(_ place: Int, into events: inout [ReplyEvent]) {
        let call = self.calls[place]
        let id = call.isLegacy ? [] : call.id.isEmpty ? ToolCallID.made(place, self.nonce) : call.id
        self.calls[place].isTold = true
        self.calls[place].waiting = []
        events.append(.toolCall(choice: self.choice, index: place, id: id, name: call.name))
        if !call.waiting.isEmpty { events.append(.arguments(choice: self.choice, index: place, call.waiting)) }
    }

    /// The call that a piece goes on with; nil where it begins one.
    private func place(of fragment: ToolCallFragment) -> Int? {
        if fragment.isLegacy { return self.calls.lastIndex { $0.isLegacy } }
        guard let index = fragment.index else {
            if !fragment.id.isEmpty { return self.calls.lastIndex { $0.id == fragment.id } }
            guard let last = self.calls.indices.last, fragment.name.isEmpty else { return nil }
            return last
        }
        guard let place = self.calls.lastIndex(where: { $0.index == index }) else {
            // A call that began without a number may get one later.
            return self.calls.lastIndex { $0.index == nil && !fragment.id.isEmpty && $0.id == fragment.id }
        }
        // Some number every call 0. A piece that only repeats the name goes on with the call.
        let call = self.calls[place]
        guard !fragment.name.isEmpty, !call.name.isEmpty else { return place }
        if !fragment.id.isEmpty { return call.id.isEmpty || call.id == fragment.id ? place : nil }
        return call.cameWhole && Self.isWhole(fragment.arguments) ? nil : place
    }

    /// Whether arguments look like a whole JSON object.
    private static func isWhole(_ arguments: [UInt8]) -> Bool {
        arguments.first == UInt8(ascii: "{") && arguments.last == UInt8(ascii: "}")
    }
}
