import Dialects
import Domain
import JSON
import Testing

@testable import UpstreamWorker

@Suite
struct SimulatedEmbeddingsTests {
    private func make(_ body: String) throws -> JSONValue {
        let reader = JSONReader()
        let embeddings = try SimulatedEmbeddings(reader.read(Array(body.utf8), maximumBytes: 1 << 20))
        return try reader.read(embeddings.body(), maximumBytes: 1 << 26)
    }

    private func vector(_ reply: JSONValue, _ index: Int = 0) -> [Double] {
        (reply["data"]?.array?[index]["embedding"]?.array ?? []).map {
            switch $0 {
            case .number(let value): value
            case .integer(let value): Double(value)
            default: .nan
            }
        }
    }

    @Test
    func vectorsHaveLengthOneAndDependOnTheInput() throws {
        let reply = try self.make(#"{"model":"e","input":["one two","three","one two"]}"#)
        let vectors = (0..<3).map { self.vector(reply, $0) }
        #expect(vectors[0].count == 1536)
        #expect(vectors[0] == vectors[2])
        #expect(vectors[0] != vectors[1])
        for vector in vectors { #expect(abs(vector.reduce(0) { $0 + $1 * $1 } - 1) < 1e-5) }
        #expect(reply["data"]?.array?.map { $0["index"]?.integer } == [0, 1, 2])
        #expect(reply["usage"]?["prompt_tokens"]?.integer == 5)
        #expect(reply["usage"]?["total_tokens"]?.integer == 5)
    }

    @Test
    func base64HoldsTheSameFloats() throws {
        let floats = self.vector(try self.make(#"{"model":"e","input":"a","dimensions":5}"#))
        let reply = try self.make(#"{"model":"e","input":"a","dimensions":5,"encoding_format":"base64"}"#)
        let bytes = floats.flatMap { value in
            (0..<4).map { UInt8(truncatingIfNeeded: Float(value).bitPattern >> UInt32(8 * $0)) }
        }
        #expect(floats.count == 5)
        #expect(reply["data"]?.array?[0]["embedding"]?.string == Base64.encode(bytes))
    }

    @Test
    func tokensAreInputsToo() throws {
        let one = try self.make(#"{"model":"e","input":[1,2,3],"dimensions":3}"#)
        #expect(one["data"]?.array?.count == 1)
        #expect(one["usage"]?["prompt_tokens"]?.integer == 3)
        let two = try self.make(#"{"model":"e","input":[[1,2],[3]],"dimensions":3}"#)
        #expect(two["data"]?.array?.count == 2)
        #expect(two["usage"]?["prompt_tokens"]?.integer == 3)
    }

    @Test(arguments: [
        #"{"input":"a"}"#, #"{"model":"e"}"#, #"{"model":"e","input":[]}"#, #"{"model":"e","input":""}"#,
        #"{"model":"e","input":["a",1]}"#, #"{"model":"e","input":[1,"a"]}"#, #"{"model":"e","input":{}}"#,
        #"{"model":"e","input":"a","dimensions":0}"#, #"{"model":"e","input":"a","dimensions":1000000}"#,
        #"{"model":"e","input":"a","encoding_format":"hex"}"#,
    ])
    func aBadRequestIsRefused(_ body: String) {
        #expect(throws: GatewayError.self) { try self.make(body) }
    }

    @Test(arguments: [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")])
    func base64(_ text: String, _ expected: String) {
        #expect(Base64.encode(Array(text.utf8)) == Array(expected.utf8))
    }
}
