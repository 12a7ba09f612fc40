import JSON
import Testing

@testable import UpstreamWorker

@Suite
struct SimulatedArgumentsTests {
    private func make(_ schema: String) throws -> String {
        let value = try JSONReader().read(Array(schema.utf8), maximumBytes: 1 << 20)
        return String(decoding: SimulatedArguments.make(for: value), as: UTF8.self)
    }

    @Test(arguments: [
        (#"{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}"#, #"{"a":"example"}"#),
        (#"{"type":"object","properties":{"a":{"type":"string"}}}"#, "{}"),
        (#"{"properties":{"a":{"const":[1,{"b":null}]}},"required":["a","missing"]}"#, #"{"a":[1,{"b":null}]}"#),
        (#"{"type":"array","items":{"type":"integer"},"minItems":3}"#, "[1,1,1]"),
        (#"{"type":["string","null"]}"#, #""example""#),
        (#"{"anyOf":[{"type":"number","minimum":0.5},{"type":"null"}]}"#, "0.5"),
        (#"{"type":"string","maxLength":3}"#, #""exa""#),
        (#"{"type":"string","minLength":9}"#, #""examplexx""#),
        (#"{"type":"string","format":"date"}"#, #""2025-01-01""#),
        (#"{"type":"integer","exclusiveMinimum":4}"#, "5"),
        (#"{"type":"integer","maximum":-3}"#, "-3"),
        (#"{"enum":["x\n\"y"]}"#, #""x\n\"y""#),
        (##"{"$ref":"#/$defs/p","$defs":{"p":{"type":"boolean"}}}"##, "true"),
        (#"{"$ref":"https://elsewhere/"}"#, "null"),
        (#"[1]"#, "{}"),
    ])
    func fitsTheSchema(_ schema: String, _ expected: String) throws {
        #expect(try self.make(schema) == expected)
    }

    @Test
    func aSchemaThatContainsItselfEnds() throws {
        let one = ##"{"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]}"##
        #expect(try self.make(one).contains("null"))
        let two = ##"{"properties":{"a":{"$ref":"#"},"b":{"$ref":"#"}},"required":["a","b"]}"##
        #expect(try self.make(two).utf8.count < 100_000)
    }
}
