import JSON
import Testing

@Suite("JSONCursor")
struct JSONCursorTests {
    /// The values of a text in the order a cursor meets them, or nil where it found a fault or the text goes on.
    private func walk(_ text: String) -> [String]? {
        let indexer = JSONIndexer()
        let bytes = Array(text.utf8)
        return unsafe bytes.withUnsafeBytes { buffer in
            try? unsafe indexer.read(buffer, capacity: buffer.count) { cursor -> [String]? in
                var found: [String] = []
                self.visit(&cursor, &found)
                return cursor.isAtEnd ? found : nil
            }
        }.flatMap(\.self)
    }

    private func visit(_ cursor: inout JSONCursor, _ found: inout [String]) {
        if cursor.enterObject() {
            found.append("{")
            while let key = cursor.nextKey() {
                found.append(unsafe String(decoding: cursor.bytes(key), as: UTF8.self) + ":")
                self.visit(&cursor, &found)
            }
            found.append("}")
        } else if cursor.enterArray() {
            found.append("[")
            while cursor.nextElement() { self.visit(&cursor, &found) }
            found.append("]")
        } else if let range = cursor.skip() {
            found.append(unsafe String(decoding: cursor.bytes(range), as: UTF8.self))
        }
    }

    @Test("Walks nested containers, empty ones included")
    func nested() {
        #expect(
            self.walk(#" { "a" : [ ] , "b":[{},[ 1 , "x" ] ,{"c":null}] } "#)
                == ["{", "a:", "[", "]", "b:", "[", "{", "}", "[", "1", #""x""#, "]", "{", "c:", "null", "}", "]", "}"])
        #expect(self.walk("[[],[]]") == ["[", "[", "]", "[", "]", "]"])
        #expect(self.walk(#""x""#) == [#""x""#])
    }

    @Test(
        "Reports wrong punctuation",
        arguments: [
            "[1 2]", "[,1]", "[1,]", "[1,,2]", "[1", "[", "[}", "{]", #"{"a":1,}"#, #"{"a":[1}"#, "[:]", "[1]]", "[]{}",
            #"{"a":1 , , "b":2}"#, #"[{"a"}]"#, #"[{"a":}]"#, #"["a""b"]"#,
        ])
    func punctuation(_ text: String) {
        #expect(self.walk(text) == nil)
    }
}
