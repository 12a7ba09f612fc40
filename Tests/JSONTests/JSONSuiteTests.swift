import JSON
import Testing

@Suite("JSONTestSuite", .enabled(if: Corpus.isPresent, "../shared/corpora/JSONTestSuite is not here"))
struct JSONSuiteTests {
    @Test("The reader accepts every y_ text and refuses every n_ text")
    func readerExpectations() throws {
        let reader = JSONReader()
        let texts = try Corpus.texts()
        #expect(texts.count > 300)
        for (name, bytes) in texts {
            let value = try? reader.read(bytes, maximumBytes: 1 << 20)
            if name.hasPrefix("y_") { #expect(value != nil, "\(name)") }
            if name.hasPrefix("n_") { #expect(value == nil, "\(name)") }
        }
    }

    @Test("Whatever the reader accepts is written as JSON that reads back the same")
    func readerRoundTrip() throws {
        let reader = JSONReader()
        for (name, bytes) in try Corpus.texts() {
            guard let value = try? reader.read(bytes, maximumBytes: 1 << 20) else { continue }
            var writer = JSONWriter()
            value.write(to: &writer)
            #expect(try reader.read(writer.bytes, maximumBytes: 1 << 20) == value, "\(name)")
        }
    }

    @Test("The scanner takes every text as a body without crashing, and no y_ object is refused")
    func scannerOverBodies() throws {
        let scanner = RequestScanner()
        for (name, bytes) in try Corpus.texts() {
            let request = try? scanner.scan(bytes)
            let first = bytes.first { !" \t\r\n".utf8.contains($0) }
            if name.hasPrefix("y_"), first == UInt8(ascii: "{") { #expect(request != nil, "\(name)") }
            if first != UInt8(ascii: "{") { #expect(request == nil, "\(name)") }
        }
    }

    @Test("As the value of a kept member, every text passes if and only if it has that member's type")
    func scannerOverKeptMembers() throws {
        let scanner = RequestScanner()
        let reader = JSONReader()
        for (name, bytes) in try Corpus.texts() {
            let value = try? reader.read(bytes, maximumBytes: 1 << 20)
            let request = try? scanner.scan(Array(#"{"temperature":"#.utf8) + bytes + Array("}".utf8))
            switch value {
            case .integer(let number): #expect(request?.temperature == Double(number), "\(name)")
            case .number(let number): #expect(request?.temperature == number, "\(name)")
            case .null: #expect(request != nil && request?.temperature == nil, "\(name)")
            default: #expect(request?.temperature == nil || !name.hasPrefix("n_"), "\(name)")
            }
            let named = try? scanner.scan(Array(#"{"model":"#.utf8) + bytes + Array("}".utf8))
            if named?.modelRange != nil { #expect(value?.string == named?.model, "\(name)") }
        }
    }
}

extension JSONValue {
    func write(to writer: inout JSONWriter) {
        switch self {
        case .null: writer.null()
        case .bool(let value): writer.bool(value)
        case .integer(let value): writer.integer(value)
        case .number(let value): writer.number(value)
        case .string(let bytes): writer.string(bytes)
        case .array(let elements):
            writer.beginArray()
            for element in elements { element.write(to: &writer) }
            writer.endArray()
        case .object(let members):
            writer.beginObject()
            for member in members {
                writer.key(member.key)
                member.value.write(to: &writer)
            }
            writer.endObject()
        }
    }
}
