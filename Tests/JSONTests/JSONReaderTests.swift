import JSON
import Testing

@Suite("JSONReader and JSONWriter")
struct JSONReaderTests {
    private let reader = JSONReader()

    private func fault(_ text: String, maximumBytes: Int = 1 << 20) -> JSONFault.Kind? {
        do throws(JSONFault) {
            _ = try self.reader.read(Array(text.utf8), maximumBytes: maximumBytes)
            return nil
        } catch {
            return error.kind
        }
    }

    @Test("A tree keeps order, duplicates and types")
    func tree() throws {
        let text = #"{"b":[1,-2.5,true,false,null],"a":"\u00e9","b":{},"big":18446744073709551615,"e":1e2}"#
        let value = try self.reader.read(Array(text.utf8), maximumBytes: 1000)
        guard case .object(let members) = value else {
            Issue.record("not an object")
            return
        }
        #expect(members.map { String(decoding: $0.key, as: UTF8.self) } == ["b", "a", "b", "big", "e"])
        #expect(value["b"]?.array == [.integer(1), .number(-2.5), .bool(true), .bool(false), .null])
        #expect(value["a"]?.string == Array("é".utf8))
        #expect(value["big"] == .number(0x1p64))
        #expect(value["e"] == .number(100))
        #expect(value["missing"] == nil && value["a"]?["x"] == nil)
    }

    @Test("Depth, size and encoding are bounded")
    func bounds() {
        func nested(_ count: Int) -> String {
            String(repeating: "[", count: count) + String(repeating: "]", count: count)
        }
        #expect(self.fault(nested(128)) == nil)
        #expect(self.fault(nested(129)) == .tooDeep)
        #expect(self.fault(nested(100_000)) == .tooDeep)
        #expect(self.fault("[1,2]", maximumBytes: 5) == nil)
        #expect(self.fault("[1,2]", maximumBytes: 4) == .tooLarge)
        #expect(self.fault("") == .malformed)
        #expect(self.fault(#"["\udc00"]"#) == .malformed)
        #expect(self.fault(#"["\ud800"]"#) == .malformed)
        #expect(self.fault(#"[1] x"#) == .malformed)
    }

    @Test("One reader reads long and short texts by turns")
    func reuse() throws {
        for count in [10, 200_000, 3, 2_000_000, 5] {
            let text = "[" + String(repeating: "1,", count: count) + "2]"
            #expect(try self.reader.read(Array(text.utf8), maximumBytes: 1 << 24).array?.count == count + 1)
        }
    }

    @Test("Strings are escaped and repaired")
    func strings() throws {
        func written(_ bytes: [UInt8]) -> String {
            var writer = JSONWriter()
            writer.string(bytes)
            return String(decoding: writer.bytes, as: UTF8.self)
        }
        #expect(written(Array("a\"b\\c/é😀".utf8)) == #""a\"b\\c/é😀""#)
        #expect(written([0, 8, 9, 10, 12, 13, 0x1F, 0x7F]) == "\"\\u0000\\b\\t\\n\\f\\r\\u001f\u{7F}\"")
        #expect(written([0xFF]) == "\"\u{FFFD}\"")
        #expect(written([0x61, 0xE2, 0x82]) == "\"a\u{FFFD}\u{FFFD}\"")
        #expect(written([0xED, 0xA0, 0x80, 0x62]) == "\"\u{FFFD}\u{FFFD}\u{FFFD}b\"")
        #expect(written([0xC0, 0x80]) == "\"\u{FFFD}\u{FFFD}\"")
        // Whatever the bytes, the result is JSON; valid UTF-8 comes back as it was.
        var state: UInt64 = 7
        for _ in 0..<2000 {
            var bytes: [UInt8] = []
            for _ in 0..<12 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                let pick = UInt8(truncatingIfNeeded: state >> 33)
                bytes.append(pick & 1 == 0 ? pick : [0xE2, 0x82, 0xAC, 0xF0, 0x9F, 0x98, 0x80, 0xED][Int(pick >> 5)])
            }
            let read = try self.reader.read(Array(written(bytes).utf8), maximumBytes: 1000).string
            #expect(read == Array(String(decoding: read ?? [], as: UTF8.self).utf8))
            if String(validating: bytes, as: UTF8.self) != nil { #expect(read == bytes) }
        }
    }

    @Test("Numbers come back as they went")
    func numbers() throws {
        for value in [0.1, 1, -0.0, 1e300, Double.leastNonzeroMagnitude, 123456789.125, .infinity, .nan] {
            var writer = JSONWriter()
            writer.beginArray()
            writer.number(value)
            writer.integer(UInt64.max)
            writer.integer(Int64.min)
            writer.endArray()
            let read = try self.reader.read(writer.bytes, maximumBytes: 1000).array
            #expect(read?[0] == (value.isFinite ? .number(value) : .null))
            #expect(read?[2] == .integer(.min))
        }
    }

    @Test("Commas and structure")
    func structure() {
        var writer = JSONWriter(appendingTo: Array("data: ".utf8))
        writer.beginObject()
        writer.key("a")
        writer.beginArray()
        writer.endArray()
        writer.key("b")
        writer.beginArray()
        writer.bool(true)
        writer.null()
        writer.beginObject()
        writer.endObject()
        writer.raw(Array("[1]".utf8))
        writer.string("s")
        writer.endArray()
        writer.endObject()
        #expect(String(decoding: writer.bytes, as: UTF8.self) == #"data: {"a":[],"b":[true,null,{},[1],"s"]}"#)
    }
}
