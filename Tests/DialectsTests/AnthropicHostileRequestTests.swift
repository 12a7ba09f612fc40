import Domain
import JSON
import TestSupport
import Testing

@testable import Dialects

@Suite("Hostile requests at Anthropic's door")
struct AnthropicHostileRequestTests {
    /// Puts a value of another kind, or none, somewhere into the tree.
    private func mutated(_ value: JSONValue, _ random: inout SplitMix) -> JSONValue {
        let others: [JSONValue] = [
            .null, .bool(true), .integer(-1), .integer(.max), .number(1e300), .string([]), .string("x".bytes),
            .array([]),
            .object([]), .array([.null]), .object([JSONValue.Member(key: "type".bytes, value: .string("text".bytes))]),
        ]
        if Int.random(in: 0..<6, using: &random) == 0 { return others.randomElement(using: &random) ?? .null }
        switch value {
        case .array(var elements):
            guard let index = elements.indices.randomElement(using: &random) else { break }
            elements[index] = self.mutated(elements[index], &random)
            return .array(elements)
        case .object(var members):
            guard let index = members.indices.randomElement(using: &random) else { break }
            if Int.random(in: 0..<4, using: &random) == 0 {
                members.remove(at: index)
            } else {
                members[index].value = self.mutated(members[index].value, &random)
            }
            return .object(members)
        default: break
        }
        return others.randomElement(using: &random) ?? .null
    }

    @Test("Whatever stands where, the client gets its 400 or the provider a JSON object")
    func mutations() throws {
        var random = SplitMix(seed: 2)
        let reader = DialectReader()
        var refused = 0
        for round in 0..<500 {
            let body = try AnthropicDoor.write(RandomConversation.make(&random), AnthropicDoor.context())
            var tree = try AnthropicDoor.tree(body)
            for _ in 0...Int.random(in: 0...2, using: &random) { tree = self.mutated(tree, &random) }
            do {
                let conversation = try AnthropicRequestReader.read(tree, AnthropicDoor.context(drops: round % 2 == 0))
                _ = PromptSize.bytes(conversation)
                for dialect in [Dialect.anthropic, .mistral, .deepseek, .openrouter] {
                    var context = AnthropicDoor.context(drops: true)
                    context.row = ProviderTable.row(dialect)
                    let written =
                        dialect == .anthropic
                        ? try AnthropicRequestWriter.write(conversation, context, reader: reader)
                        : try RequestTranslator.family(conversation, context, reader: reader)
                    guard case .object = try JSONReader().read(written, maximumBytes: 1 << 24) else {
                        Issue.record("no object")
                        return
                    }
                }
            } catch let error as GatewayError {
                refused += 1
                #expect(error.status == 400 && error.source == .client && error.param != nil, "\(error)")
            }
        }
        #expect(refused > 100)
    }

    @Test("A message of very many parts costs no square of them")
    func manyParts() throws {
        let count = 20_000
        let audio = Part.audio(AudioPart(data: [], format: []))
        let calls = (0..<count).map { Part.call("c\($0)", "f\($0)", "") }
        let conversation = Conversation(
            model: "m".bytes,
            turns: [
                Turn(.user, [.text("q")] + Array(repeating: audio, count: count)), Turn(.assistant, calls),
                Turn(.user, (0..<count).map { Part.result("c\($0)", "r") }),
            ])
        let clock = ContinuousClock()
        let start = clock.now
        _ = try AnthropicDoor.write(conversation, AnthropicDoor.context(.chatCompletions, drops: true))
        let system = Array(repeating: Turn(.system, [.text("s")]), count: count)
        _ = try AnthropicDoor.write(
            Conversation(model: "claude-opus-5".bytes, turns: [Turn(.user, [.text("q")])] + system))
        #expect(clock.now - start < .seconds(15))
    }
}
