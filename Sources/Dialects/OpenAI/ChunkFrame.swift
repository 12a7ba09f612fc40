internal import Domain
internal import JSON

/// What all chunks of one stream have in common: one name, one time, one model, and what the provider says of the whole.
struct ChunkFrame {
    /// Members that OpenAI repeats in each chunk, which clients read from whichever they like.
    private static let repeated: [StaticString] = ["system_fingerprint", "service_tier"]

    /// Members that wait for a chunk, and their bytes.
    private static let maximumWaiting = 64
    private static let maximumWaitingBytes = 8 << 20

    private let object: StaticString
    private let wantsUsage: Bool
    private var id: [UInt8] = []
    private var model: [UInt8] = []
    private var created: Int64?
    private let context: TranslationContext
    private var steady: [RawMember] = []
    /// Members of the usage that no token class has.
    private var usageExtras: [RawMember] = []
    /// Further members, for the next chunk.
    private var waiting: [RawMember] = []
    private var waitingBytes = 0
    /// What each chunk begins with; empty where it has to be made.
    private var head: [UInt8] = []
    /// A chunk has gone out: the name stays.
    private var isNamed = false

    init(_ context: TranslationContext, object: StaticString) {
        self.context = context
        self.object = object
        self.wantsUsage = context.wantsUsage
    }

    /// A name that comes once the first chunk has gone out comes too late.
    mutating func begin(id: [UInt8], model: [UInt8], created: Int64?) {
        guard !self.isNamed else { return }
        if self.id.isEmpty { self.id = id }
        if self.model.isEmpty { self.model = model }
        self.created = self.created ?? created
        self.head = []
    }

    mutating func take(_ extra: RawMember) {
        if JSONName.isOne(extra.key, of: Self.repeated) {
            self.steady.removeAll { $0.key == extra.key }
            self.steady.append(extra)
            self.head = []
        } else {
            if let place = self.waiting.firstIndex(where: { $0.key == extra.key }) {
                self.waitingBytes -= self.waiting[place].value.count
                self.waiting.remove(at: place)
            }
            // No provider has so many, or so large ones: what is beyond is lost.
            guard self.waiting.count < Self.maximumWaiting,
                self.waitingBytes + extra.value.count <= Self.maximumWaitingBytes
            else { return }
            self.waiting.append(extra)
            self.waitingBytes += extra.value.count
        }
    }

    mutating func take(usageExtras: [RawMember]) { self.usageExtras = usageExtras }

    /// Ends the stream: the usage where the client wants it, then the word.
    mutating func end(usage: TokenUsage?, isEstimated: Bool, into output: inout [UInt8]) {
        if self.wantsUsage, let usage {
            let extras = self.usageExtras
            self.write(into: &output) {
                OpenAIUsageWriter.write(usage, extras: extras, isEstimated: isEstimated, into: &$0)
            } _: { _ in
            }
        }
        output.append(json: "data: [DONE]\n\n")
    }

    /// Appends a chunk, whose choices `choices` appends, and whose usage `usage` (null where it is nil and usage is wanted).
    mutating func write(
        into output: inout [UInt8], usage: ((inout JSONWriter) -> Void)? = nil, _ choices: (inout [UInt8]) -> Void
    ) {
        if self.head.isEmpty { self.makeHead() }
        self.isNamed = true
        output.append(contentsOf: self.head)
        choices(&output)
        output.append(json: "]")
        if let usage {
            output.append(json: ",\"usage\":")
            output.append(usage)
        } else if self.wantsUsage {
            output.append(json: ",\"usage\":null")
        }
        if !self.waiting.isEmpty {
            for member in self.waiting { output.append(member: member) }
            self.waiting = []
            self.waitingBytes = 0
        }
        output.append(json: "}\n\n")
    }

    private mutating func makeHead() {
        var writer = JSONWriter(appendingTo: Array("data: ".utf8))
        writer.beginObject()
        writer.key("id")
        writer.string(Self.name(self.id, self.context))
        writer.key("object")
        writer.string(self.object.description)
        writer.key("created")
        writer.integer(self.created ?? self.context.now)
        writer.key("model")
        writer.string(self.model)
        for member in self.steady {
            writer.key(member.key)
            writer.raw(member.value)
        }
        writer.key("choices")
        writer.beginArray()
        self.head = writer.bytes
    }

    /// The provider's id, or one of the gateway's.
    static func name(_ id: [UInt8], _ context: TranslationContext) -> [UInt8] {
        guard id.isEmpty else { return id }
        return Array((context.endpoint == .completions ? "cmpl-" : "chatcmpl-").utf8) + context.nonce
    }
}
