/// The blocks of a message in the order they began, of which only the first is open: Anthropic's blocks do not interleave.
///
/// What comes for a later block waits until those before it are over. A text or thoughts are over as soon as another block
/// begins, a tool call when its arguments are a whole object: providers do not say more about that. What waits is bounded by
/// `maximumWaitingBytes`; beyond it the open block is over in any case, and what comes for it later is lost. Pure.
struct AnthropicBlockQueue {
    let maximumWaitingBytes: Int

    /// A piece of a block.
    enum Piece: Hashable, Sendable {
        case text([UInt8])
        case thinking([UInt8])
        case signature([UInt8])
        /// A JSON text.
        case citation([UInt8])
        case input([UInt8])
    }

    /// What a block is.
    enum Kind: Hashable, Sendable {
        case text
        case thinking
        case redactedThinking([UInt8])
        case tool(call: Int, id: [UInt8], name: [UInt8])
    }

    /// What is to be written next.
    enum Step: Hashable, Sendable {
        case start(Kind)
        case piece(Piece)
        case stop
    }

    private struct Block {
        var kind: Kind
        var pieces: [Piece] = []
        var progress = ToolInputProgress()
        /// A tool's arguments that do not begin as an object: they are written when they are whole, inside one.
        var odd: [UInt8] = []
        /// Nothing can be added any more.
        var isSealed = false

        var isOver: Bool {
            if case .tool = self.kind { return self.progress.isComplete }
            return true
        }
    }

    /// What a block that waits takes beside its pieces; it also bounds their number.
    private static let blockBytes = 1 << 10

    private var blocks: [Block] = []
    private var waitingBytes = 0
    /// Of arguments that are no objects, of all calls together.
    private var oddBytes = 0
    /// The first block was started.
    private var isOpen = false

    init(maximumWaitingBytes: Int = 4 << 20) {
        self.maximumWaitingBytes = maximumWaitingBytes
    }

    // MARK: Adding

    /// Appends the steps that can be taken now.
    mutating func add(_ piece: Piece, into steps: inout [Step]) {
        switch piece {
        case .text: self.reach { $0 == .text }
        case .thinking, .signature: self.reach { $0 == .thinking }
        case .citation:
            guard let last = self.blocks.last, last.kind == .text, !last.isSealed else { return }
        case .input: return
        }
        self.append(piece, at: self.blocks.count - 1)
        // A signature ends its thoughts.
        if case .signature = piece { self.blocks[self.blocks.count - 1].isSealed = true }
        self.advance(into: &steps)
    }

    mutating func begin(_ kind: Kind, into steps: inout [Step]) {
        self.blocks.append(Block(kind: kind))
        if self.blocks.count > 1 { self.waitingBytes += Self.blockBytes }
        switch kind {
        case .redactedThinking(let data):
            self.blocks[self.blocks.count - 1].isSealed = true
            self.waitingBytes += data.count
        case .tool(_, let id, let name): self.waitingBytes += id.count + name.count + 64
        case .text, .thinking: break
        }
        self.advance(into: &steps)
    }

    /// The next piece of a call's arguments. What comes for a call that is over is lost.
    mutating func addInput(_ bytes: [UInt8], call: Int, into steps: inout [Step]) {
        let place = self.blocks.lastIndex { block in
            if case .tool(call, _, _) = block.kind { true } else { false }
        }
        guard let place, !bytes.isEmpty else { return }
        self.blocks[place].progress.feed(bytes)
        let progress = self.blocks[place].progress
        if progress.hasBegun, !progress.isObject {
            guard self.oddBytes + bytes.count <= self.maximumWaitingBytes else { return }
            self.oddBytes += bytes.count
            self.blocks[place].odd += bytes
        } else if progress.hasBegun {
            self.append(.input(bytes), at: place)
        }
        self.advance(into: &steps)
    }

    /// All blocks are over.
    mutating func end(into steps: inout [Step]) {
        while !self.blocks.isEmpty {
            self.open(into: &steps)
            self.close(into: &steps)
        }
        self.waitingBytes = 0
    }

    // MARK: Order

    /// Makes a block that a text or thoughts can go to the last one.
    private mutating func reach(_ fits: (Kind) -> Bool) {
        if let last = self.blocks.last, fits(last.kind), !last.isSealed { return }
        self.blocks.append(Block(kind: fits(.text) ? .text : .thinking))
        if self.blocks.count > 1 { self.waitingBytes += Self.blockBytes }
    }

    private mutating func append(_ piece: Piece, at place: Int) {
        guard self.blocks.indices.contains(place) else { return }
        self.blocks[place].pieces.append(piece)
        if place > 0 { self.waitingBytes += Self.size(piece) }
    }

    private mutating func advance(into steps: inout [Step]) {
        self.open(into: &steps)
        while self.blocks.count > 1, self.blocks[0].isOver || self.waitingBytes > self.maximumWaitingBytes {
            self.close(into: &steps)
            self.open(into: &steps)
        }
        if self.blocks.count <= 1 { self.waitingBytes = 0 }
    }

    /// Writes what waits of the first block.
    private mutating func open(into steps: inout [Step]) {
        guard !self.blocks.isEmpty else { return }
        if !self.isOpen {
            steps.append(.start(self.blocks[0].kind))
            self.isOpen = true
        }
        for piece in self.blocks[0].pieces { steps.append(.piece(piece)) }
        self.blocks[0].pieces.removeAll(keepingCapacity: true)
    }

    private mutating func close(into steps: inout [Step]) {
        let block = self.blocks.removeFirst()
        if !block.odd.isEmpty {
            self.oddBytes -= block.odd.count
            steps.append(.piece(.input(AnthropicToolInput.object(block.odd))))
        }
        steps.append(.stop)
        self.isOpen = false
    }

    private static func size(_ piece: Piece) -> Int {
        switch piece {
        case .text(let bytes), .thinking(let bytes), .signature(let bytes), .citation(let bytes), .input(let bytes):
            bytes.count + 32
        }
    }
}
