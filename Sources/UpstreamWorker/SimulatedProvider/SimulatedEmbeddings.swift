internal import Dialects
internal import Domain
internal import JSON

/// Simulated embeddings: for each input a vector of length one that depends on the input only.
struct SimulatedEmbeddings {
    private static let defaultDimensions: Int64 = 1536
    private static let maximumDimensions: Int64 = 4096
    private static let maximumInputs = 2048

    private let model: [UInt8]
    private let dimensions: Int
    private let isBase64: Bool
    /// What each input hashes to.
    private var seeds: [UInt64] = []
    private(set) var promptTokens = 0

    init(_ body: JSONValue) throws(GatewayError) {
        guard let model = body["model"]?.string else {
            throw SimulatedFault.invalid("you must provide a model parameter", param: "model")
        }
        self.model = model
        switch body["dimensions"] {
        case nil, .null: self.dimensions = Int(Self.defaultDimensions)
        case .integer(let number) where (1...Self.maximumDimensions).contains(number): self.dimensions = Int(number)
        default:
            throw SimulatedFault.invalid(
                "'dimensions' must be an integer from 1 to \(Self.maximumDimensions).", param: "dimensions")
        }
        switch body["encoding_format"] {
        case nil, .null: self.isBase64 = false
        case .string(let name) where name == Array("float".utf8): self.isBase64 = false
        case .string(let name) where name == Array("base64".utf8): self.isBase64 = true
        default: throw SimulatedFault.invalid("'encoding_format' must be float or base64.", param: "encoding_format")
        }
        try self.readInput(body["input"])
    }

    /// A string, a list of strings, one list of tokens, or a list of such lists.
    private mutating func readInput(_ input: JSONValue?) throws(GatewayError) {
        switch input {
        case .string: try self.add(input)
        case .array(let list) where !list.isEmpty && list.count <= Self.maximumInputs || list.first?.integer != nil:
            if list.first?.integer != nil { return try self.add(input) }
            for element in list { try self.add(element) }
        default:
            throw SimulatedFault.invalid(
                "'input' must be a string, or an array of up to \(Self.maximumInputs) strings or token arrays.",
                param: "input")
        }
    }

    private mutating func add(_ input: JSONValue?) throws(GatewayError) {
        switch input {
        case .string(let text) where !text.isEmpty:
            self.promptTokens += SimulatedTokenizer.count(text)
            self.seeds.append(SimulatedRandom.hash(text, from: SimulatedRandom.hash(self.model)))
        case .array(let tokens) where !tokens.isEmpty && tokens.allSatisfy({ $0.integer != nil }):
            self.promptTokens += tokens.count
            self.seeds.append(
                tokens.reduce(SimulatedRandom.hash(self.model)) { hash, token in
                    SimulatedRandom.hash(Array(String(token.integer ?? 0).utf8), from: hash)
                })
        default:
            throw SimulatedFault.invalid("'input' holds something that is no text and no tokens.", param: "input")
        }
    }

    func body() -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("object")
        writer.string("list")
        writer.key("data")
        writer.beginArray()
        for (index, seed) in self.seeds.enumerated() {
            writer.beginObject()
            writer.key("object")
            writer.string("embedding")
            writer.key("index")
            writer.integer(index)
            writer.key("embedding")
            self.write(self.vector(seed), &writer)
            writer.endObject()
        }
        writer.endArray()
        writer.key("model")
        writer.string(self.model)
        writer.key("usage")
        writer.beginObject()
        writer.key("prompt_tokens")
        writer.integer(self.promptTokens)
        writer.key("total_tokens")
        writer.integer(self.promptTokens)
        writer.endObject()
        writer.endObject()
        return writer.bytes
    }

    private func vector(_ seed: UInt64) -> [Float] {
        var random = SimulatedRandom(seed: seed)
        let raw = (0..<self.dimensions).map { _ in Double(Int64(bitPattern: random.next()) >> 11) / Double(1 << 52) }
        let length = raw.reduce(0) { $0 + $1 * $1 }.squareRoot()
        return raw.map { Float(length > 0 ? $0 / length : 1) }
    }

    private func write(_ vector: [Float], _ writer: inout JSONWriter) {
        guard self.isBase64 else {
            writer.beginArray()
            // The shortest text that reads back as the same Float.
            for value in vector { writer.raw(Array(value.description.utf8)) }
            writer.endArray()
            return
        }
        var bytes: [UInt8] = []
        for value in vector {
            for shift in [0, 8, 16, 24] { bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> UInt32(shift))) }
        }
        writer.string(Base64.encode(bytes))
    }
}
