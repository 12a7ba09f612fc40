import JSON
import Testing

@Suite("RequestScanner")
struct RequestScannerTests {
    private let scanner = RequestScanner()

    private func scan(_ text: String) throws(ScanFailure) -> ScannedRequest {
        try self.scanner.scan(Array(text.utf8))
    }

    private func failure(_ text: String) -> ScanFailure.Kind? {
        self.failure(Array(text.utf8))
    }

    private func failure(_ bytes: [UInt8]) -> ScanFailure.Kind? {
        do throws(ScanFailure) {
            _ = try self.scanner.scan(bytes)
            return nil
        } catch {
            return error.kind
        }
    }

    private func slice(_ text: String, _ range: Range<Int>?) -> String? {
        range.map { String(decoding: Array(text.utf8)[$0], as: UTF8.self) }
    }

    @Test("Finds every member of interest, exact to the byte")
    func members() throws {
        let text = """
             {"model" : "gpt-4o" , "stream":true, "stream_options" : { "include_usage" : false , "x":[1] }  ,
            "temperature":0.7,"max_tokens":12,"max_completion_tokens":-3 ,"n":2 ,"user":"u\\"}" , "tools":[ {} ] ,
            "messages" : [{"role":"user","content":"}]{[ \\\\"}] ,"input":"in" , "other":{"model":"no"} }\r\n\t
            """
        let request = try self.scan(text)
        #expect(self.slice(text, request.modelRange) == #""gpt-4o""#)
        #expect(request.model == Array("gpt-4o".utf8))
        #expect(request.stream == true)
        #expect(request.includeUsage == false)
        #expect(self.slice(text, request.streamOptionsRange) == #"{ "include_usage" : false , "x":[1] }"#)
        guard case .object(_, isEmpty: false, let usageRange) = request.streamOptions else {
            Issue.record("not an object")
            return
        }
        #expect(self.slice(text, usageRange) == "false")
        #expect(request.temperature == 0.7)
        #expect(request.maxTokens == 12)
        #expect(request.maxCompletionTokens == -3)
        #expect(request.n == 2)
        #expect(self.slice(text, request.userRange) == #""u\"}""#)
        #expect(self.slice(text, request.toolsRange) == "[ {} ]")
        #expect(self.slice(text, request.messagesRange) == #"[{"role":"user","content":"}]{[ \\"}]"#)
        #expect(self.slice(text, request.inputRange) == #""in""#)
        #expect(request.promptBytes == 37 + 4)
        #expect(request.memberCount == 12)
        #expect(request.objectStart == 2)
        #expect(!request.isEmpty)
    }

    @Test("An empty object, and null as absence")
    func absence() throws {
        let empty = try self.scan("{ }")
        #expect(empty.isEmpty && empty.objectStart == 1 && empty.modelRange == nil && empty.streamOptions == .absent)
        let nulls = try self.scan(
            """
            {"model":null,"stream":null,"stream_options": null ,"temperature":null,"max_tokens":null,
            "max_completion_tokens":null,"n":null,"user":null,"input":null,"messages":null,"tools":null}
            """)
        #expect(nulls.memberCount == 11)
        #expect(nulls.modelRange == nil && nulls.model.isEmpty && nulls.stream == nil && nulls.temperature == nil)
        #expect(nulls.maxTokens == nil && nulls.maxCompletionTokens == nil && nulls.n == nil)
        #expect(nulls.userRange == nil && nulls.inputRange == nil && nulls.messagesRange == nil)
        #expect(nulls.toolsRange == nil && nulls.streamOptionsRange == nil)
        #expect(nulls.streamOptions == .null(46..<50))
        let inner = try self.scan(#"{"stream_options":{"include_usage":null}}"#)
        #expect(inner.includeUsage == nil)
        #expect(inner.streamOptions == .object(18..<40, isEmpty: false, includeUsage: 35..<39))
    }

    @Test("The prompts of other front doors count, and how many there are")
    func prompts() throws {
        let text = #"{"system":[{"text":"a"}] ,"messages":[],"prompt": "b]" }"#
        let request = try self.scan(text)
        #expect(self.slice(text, request.systemRange) == #"[{"text":"a"}]"#)
        #expect(self.slice(text, request.promptRange) == #""b]""#)
        #expect(request.promptBytes == 14 + 2 + 4 && request.promptCount == 1)
        for (prompt, count) in [
            ("[]", 1), (#"["a"]"#, 1), (#"[ "a" , "[b]" ]"#, 2), ("[1,2,3]", 1), ("[[1,2],[3]]", 2),
            (#"["a",[1],{}]"#, 3),
            ("null", 1), ("{}", 1), ("7", 1),
        ] {
            let text = #"{"x":0,"prompt": \#(prompt) ,"y":1}"#
            let request = try self.scan(text)
            #expect(request.promptCount == count && request.memberCount == 3, "\(prompt)")
            #expect(self.slice(text, request.promptRange) == (prompt == "null" ? nil : prompt))
        }
        for bad in [#"{"prompt":["a",]}"#, #"{"prompt":["a""b"]}"#, #"{"prompt":["a"}"#, #"{"prompt":[,]}"#] {
            #expect(self.failure(bad) == .notJSON, "\(bad)")
        }
        let deep = String(repeating: "[", count: 2000) + String(repeating: "]", count: 2000)
        #expect(self.failure(#"{"prompt":\#(deep)}"#) == .tooDeep)
    }

    @Test("A routing member that occurs twice is refused, any other is not", arguments: RoutingMember.allCases)
    func duplicates(_ member: RoutingMember) {
        let name = "\(member.name)"
        if member == .includeUsage {
            #expect(
                self.failure(#"{"stream_options":{"include_usage":true,"include_usage":true}}"#)
                    == .duplicateMember(.includeUsage))
        } else {
            #expect(self.failure(#"{"\#(name)":null,"x":1,"\#(name)":null}"#) == .duplicateMember(member))
        }
        #expect(self.failure(#"{"x":1,"x":2,"include_usage":1,"include_usage":2}"#) == nil)
    }

    @Test("A routing member spelled with escapes is refused", arguments: RoutingMember.allCases)
    func escapes(_ member: RoutingMember) {
        let name = Array("\(member.name)".utf8)
        for index in name.indices {
            let hex = String(name[index], radix: 16)
            let key =
                String(decoding: name[..<index], as: UTF8.self) + "\\u00" + hex
                + String(decoding: name[(index + 1)...], as: UTF8.self)
            let text =
                member == .includeUsage ? #"{"stream_options":{"\#(key)":true}}"# : #"{"\#(key)":1}"#
            #expect(self.failure(text) == .escapedMember(member))
        }
        // The longest spelling there is.
        let all = name.map { "\\u00" + String($0, radix: 16) }.joined()
        let text = member == .includeUsage ? #"{"stream_options":{"\#(all)":true}}"# : #"{"\#(all)":1}"#
        #expect(self.failure(text) == .escapedMember(member))
    }

    @Test("Other keys may hold escapes, but no wrong ones")
    func otherKeys() {
        #expect(self.failure(#"{"mod\u0065l2":1,"a\\b":2,"\ud83d\ude00":3}"#) == nil)
        #expect(self.failure(#"{"mod\u00g5l":1}"#) == .notJSON)
        #expect(self.failure(#"{"model ":3,"models":1,"mode":1,"Streams":1,"stream-options":1,"M":1,"User":2}"#) == nil)
        #expect(self.failure(#"{"x":{"Model":1,"STREAM":2},"messages":[{"Model":1}]}"#) == nil)
        // One byte off on either side of the letters, and other letters of two bytes.
        #expect(self.failure(#"{"M@del":1,"M[del":1,"\u00c5tream":1,"\u017etream":1,"\u017f":1}"#) == nil)
    }

    @Test(
        "A member that decides is refused in another case: some readers take it for the same one",
        arguments: [RoutingMember.model, .stream, .streamOptions])
    func otherCases(_ member: RoutingMember) {
        let name = "\(member.name)"
        var spellings = [
            name.uppercased(), name.prefix(1).uppercased() + name.dropFirst(),
            name.dropLast() + name.suffix(1).uppercased(),
        ]
        if name.contains("s") {
            spellings += [name.replacing("s", with: "\u{17F}"), name.replacing("s", with: "\\u017F")]
            spellings += [name.uppercased().replacing("S", with: "\u{17F}")]
        }
        spellings.append("\\u00" + String(UInt8(name.uppercased().utf8.first ?? 0), radix: 16) + name.dropFirst())
        for spelling in spellings {
            #expect(self.failure(#"{"\#(spelling)":null}"#) == .escapedMember(member), "\(spelling)")
            #expect(
                self.failure(#"{"\#(name)":null,"\#(spelling)":null}"#) == .escapedMember(member), "\(spelling)")
        }
        #expect(self.failure(#"{"\#(name)":null}"#) == nil)
    }

    @Test(
        "Wrong types are named",
        arguments: [
            (#"{"model":5}"#, RoutingMember.model, ScanFailure.Expected.string),
            (#"{"model":["a"]}"#, .model, .string), (#"{"model":"a\u0000"}"#, .model, .name),
            (#"{"model":"a\n"}"#, .model, .name), (#"{"model":"\u007f"}"#, .model, .name),
            (#"{"model":"\u0085"}"#, .model, .name), (#"{"model":"\ud800"}"#, .model, .name),
            (#"{"model":"\udc00"}"#, .model, .name), (#"{"model":"\ud800\u0041"}"#, .model, .name),
            (#"{"model":"\x"}"#, .model, .name), (#"{"model":tru}"#, .model, .string),
            (#"{"stream":"true"}"#, .stream, .boolean), (#"{"stream":tru}"#, .stream, .boolean),
            (#"{"stream":1}"#, .stream, .boolean), (#"{"stream":truee}"#, .stream, .boolean),
            (#"{"stream":true"x"}"#, .stream, .boolean),
            (#"{"stream_options":true}"#, .streamOptions, .object),
            (#"{"stream_options":[]}"#, .streamOptions, .object),
            (#"{"stream_options":{"include_usage":1}}"#, .includeUsage, .boolean),
            (#"{"temperature":"1"}"#, .temperature, .number), (#"{"temperature":1..2e}"#, .temperature, .number),
            (#"{"temperature":01}"#, .temperature, .number), (#"{"temperature":+1}"#, .temperature, .number),
            (#"{"temperature":1e999}"#, .temperature, .number), (#"{"temperature":.5}"#, .temperature, .number),
            (#"{"temperature":1.}"#, .temperature, .number), (#"{"temperature":NaN}"#, .temperature, .number),
            (#"{"max_tokens":1.0}"#, .maxTokens, .integer), (#"{"max_tokens":1e2}"#, .maxTokens, .integer),
            (#"{"max_tokens":9223372036854775808}"#, .maxTokens, .integer),
            (#"{"max_completion_tokens":-}"#, .maxCompletionTokens, .integer),
            (#"{"n":"1"}"#, .n, .integer), (#"{"n":0x1}"#, .n, .integer), (#"{"n":00}"#, .n, .integer),
        ])
    func types(_ text: String, _ member: RoutingMember, _ expected: ScanFailure.Expected) {
        #expect(self.failure(text) == .invalidType(member, expected: expected))
    }

    @Test("Unicode names come out as UTF-8")
    func names() throws {
        #expect(try self.scan(#"{"model":"\u00e9\ud83d\ude00é\/\\\""}"#).model == Array("é😀é/\\\"".utf8))
        #expect(try self.scan(#"{"model":"\u00a0"}"#).model == [0xC2, 0xA0])
        #expect(try self.scan(#"{"model":""}"#).modelRange == 9..<11)
    }

    @Test("Numbers at the edges")
    func numbers() throws {
        #expect(try self.scan(#"{"n":9223372036854775807}"#).n == .max)
        #expect(try self.scan(#"{"n":-9223372036854775808}"#).n == .min)
        #expect(try self.scan(#"{"n":-0}"#).n == 0)
        #expect(try self.scan(#"{"temperature":1E-2}"#).temperature == 0.01)
        #expect(try self.scan(#"{"temperature":0.30000000000000004}"#).temperature == 0.1 + 0.2)
        #expect(try self.scan(#"{"temperature":2}"#).temperature == 2)
    }

    @Test(
        "What is not one JSON object in UTF-8 is refused",
        arguments: [
            ("", ScanFailure.Kind.notJSON), ("   ", .notJSON), ("{", .notJSON), (#"{"a""#, .notJSON),
            (#"{"a":"#, .notJSON), (#"{"a":}"#, .notJSON), (#"{"a":1"#, .notJSON), (#"{"a":1,}"#, .notJSON),
            (#"{,"a":1}"#, .notJSON), (#"{"a":1 "b":2}"#, .notJSON), (#"{"a" 1}"#, .notJSON), (#"{a:1}"#, .notJSON),
            (#"{"a"x:1}"#, .notJSON), (#"{"a":[}"#, .notJSON), (#"{"a":[}]}"#, .notJSON), (#"{"a":{]}"#, .notJSON),
            (#"{"a":"b"c}"#, .notJSON), (#"{"a":"b}"#, .notJSON), ("{\"a\":\"\n\"}", .notJSON),
            (#"{"a"::1}"#, .notJSON), (#"{"a":1]"#, .notJSON), (#"{"a":1}}"#, .trailingContent),
            (#"{"a":1}{"#, .trailingContent), (#"{"a":1} x"#, .trailingContent), ("{}\u{0}", .trailingContent),
            (#"{} {"model":"x"}"#, .trailingContent), ("{}\u{FEFF}", .trailingContent), ("[]", .notAnObject),
            ("null", .notAnObject), (#""{}""#, .notAnObject), ("-1.5e3", .notAnObject), ("tru", .notJSON),
            ("\u{FEFF}{}", .notJSON), ("}", .notJSON), (":", .notJSON), ("\u{0C}{}", .notJSON),
        ])
    func malformed(_ text: String, _ kind: ScanFailure.Kind) {
        #expect(self.failure(text) == kind)
    }

    @Test("The whole body has to be UTF-8, skipped values included")
    func encoding() {
        let bad: [[UInt8]] = [
            [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82], [0x80],
        ]
        for bytes in bad {
            #expect(self.failure(Array(#"{"messages":[""#.utf8) + bytes + Array(#""]}"#.utf8)) == .invalidUTF8)
        }
    }

    @Test("Skipped values may nest 1,024 deep and no deeper")
    func depth() {
        func nested(_ count: Int) -> String {
            #"{"a":"# + String(repeating: "[", count: count) + String(repeating: "]", count: count) + "}"
        }
        #expect(self.failure(nested(1024)) == nil)
        #expect(self.failure(nested(1025)) == .tooDeep)
        #expect(self.failure(#"{"a":"# + String(repeating: #"{"b":["#, count: 50_000)) == .tooDeep)
    }

    @Test("Brackets are matched by kind at every depth")
    func bracketKinds() {
        for depth in [1, 63, 64, 65, 128, 1000] {
            let kinds = (0..<depth).map { $0 % 3 == 0 }
            let open = kinds.map { $0 ? #"{"k":"# : "[" }.joined()
            let close = kinds.reversed().map { $0 ? "}" : "]" }.joined()
            #expect(self.failure(#"{"a":"# + open + "1" + close + "}") == nil)
            for wrong in [0, depth / 2, depth - 1] {
                var broken = Array(close)
                broken[wrong] = broken[wrong] == "}" ? "]" : "}"
                #expect(self.failure(#"{"a":"# + open + "1" + String(broken) + "}") == .notJSON)
            }
        }
    }

    @Test("Every prefix of a body is refused and every single changed byte is survived")
    func mutations() throws {
        let text =
            #"{"model":"m\u00e9","stream":true,"stream_options":{"include_usage":false},"n":1,"messages":[{"a":"b"}]}"#
        let bytes = Array(text.utf8)
        for count in 0..<bytes.count {
            #expect(self.failure(Array(bytes[..<count])) != nil)
        }
        for index in bytes.indices {
            for byte in [UInt8(0), 0x20, 0x22, 0x2C, 0x3A, 0x5B, 0x5C, 0x5D, 0x7B, 0x7D, 0x80, 0xFF] {
                var changed = bytes
                changed[index] = byte
                guard let request = try? self.scanner.scan(changed) else { continue }
                for range in [request.modelRange, request.streamOptionsRange, request.messagesRange].compactMap(\.self)
                {
                    #expect(range.lowerBound > 0 && range.upperBound < changed.count)
                }
            }
        }
    }

    @Test("A body in place and a copied body read the same, at every alignment of its end")
    func padding() throws {
        for length in 0..<200 {
            let text = #"{"model":"x","p":""# + String(repeating: "é", count: length) + #""}"#
            let bytes = Array(text.utf8)
            // Unclosed quotes and brackets behind the body must not matter.
            let padded = bytes + [UInt8](repeating: UInt8(ascii: "\""), count: 64)
            let inPlace = try unsafe padded.withUnsafeBytes { buffer in
                try unsafe self.scanner.scan(
                    UnsafeRawBufferPointer(rebasing: buffer[..<bytes.count]), capacity: buffer.count)
            }
            #expect(try self.scanner.scan(bytes) == inPlace)
            #expect(inPlace.memberCount == 2)
        }
    }

    @Test("Memory for a huge body is given back, for a usual one it is kept")
    func memory() throws {
        let scanner = RequestScanner()
        func body(_ count: Int) -> [UInt8] {
            Array(#"{"messages":""#.utf8) + [UInt8](repeating: 0x61, count: count) + Array(#""}"#.utf8)
        }
        #expect(try scanner.scan(body(3 << 20)).promptBytes == 3 << 20 + 2)
        #expect(scanner.capacity == 0)
        #expect(try scanner.scan(body(100_000)).promptBytes == 100_002)
        let kept = scanner.capacity
        #expect(kept >= 100_000 && kept <= 1 << 20)
        _ = try scanner.scan(body(10))
        #expect(scanner.capacity == kept)
    }
}
