import Domain
import JSON
import Testing

@Suite("RequestEdit and BodySplice")
struct RequestEditTests {
    private func edit(_ text: String, model: String? = nil, injectUsage: Bool) throws -> String {
        let bytes = Array(text.utf8)
        let request = try RequestScanner().scan(bytes)
        let splices = RequestEdit.splices(for: request, model: model.map { Array($0.utf8) }, injectUsage: injectUsage)
        let edited = try #require(BodySplice.apply(splices, to: bytes))
        #expect(BodySplice.resultLength(splices, bodyLength: bytes.count) == edited.count)
        return String(decoding: edited, as: UTF8.self)
    }

    @Test(
        "Only what has to change changes",
        arguments: [
            (#"{ "model" : "a" , "x":1 }"#, #"{"stream_options":{"include_usage":true}, "model" : "b\"c" , "x":1 }"#),
            (#"{"model":"a","stream_options":null}"#, #"{"model":"b\"c","stream_options":{"include_usage":true}}"#),
            (
                #"{"stream_options":{ },"model":"a"}"#,
                #"{"stream_options":{"include_usage":true },"model":"b\"c"}"#
            ),
            (
                #"{"stream_options":{"x":[1]},"model":"a"}"#,
                #"{"stream_options":{"include_usage":true,"x":[1]},"model":"b\"c"}"#
            ),
            (
                #"{"model":"a","stream_options":{"x":1, "include_usage" : false ,"y":2}}"#,
                #"{"model":"b\"c","stream_options":{"x":1, "include_usage" : true ,"y":2}}"#
            ),
            (
                #"{"model":"a","stream_options":{"include_usage":null}}"#,
                #"{"model":"b\"c","stream_options":{"include_usage":true}}"#
            ),
            (
                #"{"model":"a","stream_options":{"include_usage":true}}"#,
                #"{"model":"b\"c","stream_options":{"include_usage":true}}"#
            ),
            (#"{}"#, #"{"model":"b\"c","stream_options":{"include_usage":true}}"#),
            (#"{"x":1}"#, #"{"model":"b\"c","stream_options":{"include_usage":true},"x":1}"#),
            (#"{"model": null ,"x":1}"#, #"{"stream_options":{"include_usage":true},"model": "b\"c" ,"x":1}"#),
        ])
    func edits(_ text: String, _ expected: String) throws {
        #expect(try self.edit(text, model: "b\"c", injectUsage: true) == expected)
        #expect(try self.edit(text, injectUsage: false) == text)
        // The edited body asks for usage, and editing it again changes nothing.
        #expect(try RequestScanner().scan(Array(expected.utf8)).includeUsage == true)
        #expect(try self.edit(expected, injectUsage: true) == expected)
    }

    private func limit(
        _ text: String, _ tokens: Int64, _ member: ModelFacts.OutputLimitMember = .maxTokens, model: String? = nil,
        injectUsage: Bool = false, isOnlyMember: Bool = false
    ) throws -> String {
        let bytes = Array(text.utf8)
        let splices = RequestEdit.splices(
            for: try RequestScanner().scan(bytes), model: model.map { Array($0.utf8) }, injectUsage: injectUsage,
            outputLimit: .init(tokens: tokens, member: member, isOnlyMember: isOnlyMember))
        return String(decoding: try #require(BodySplice.apply(splices, to: bytes)), as: UTF8.self)
    }

    @Test(
        "No member asks for more than the limit",
        arguments: [
            (#"{"max_tokens": 500 ,"model":"a"}"#, #"{"max_tokens": 70 ,"model":"a"}"#),
            (#"{"model":"a","max_completion_tokens":71}"#, #"{"model":"a","max_completion_tokens":70}"#),
            (#"{"model":"a","max_tokens":70}"#, #"{"model":"a","max_tokens":70}"#),
            (#"{"model":"a","max_tokens":1}"#, #"{"model":"a","max_tokens":1}"#),
            // Not a number of tokens: as much as you like.
            (#"{"model":"a","max_tokens":0}"#, #"{"model":"a","max_tokens":70}"#),
            (#"{"model":"a","max_tokens":-1}"#, #"{"model":"a","max_tokens":70}"#),
            (
                #"{"max_completion_tokens":99,"model":"a","max_tokens":9}"#,
                #"{"max_completion_tokens":70,"model":"a","max_tokens":9}"#
            ),
            (
                #"{"max_tokens":null,"model":"a","max_completion_tokens":99}"#,
                #"{"max_tokens":null,"model":"a","max_completion_tokens":70}"#
            ),
            (#"{"max_tokens":null,"model":"a"}"#, #"{"max_tokens":70,"model":"a"}"#),
            (
                #"{"max_completion_tokens":null,"model":"a"}"#,
                #"{"max_tokens":70,"max_completion_tokens":null,"model":"a"}"#
            ),
            (#"{ "model":"a"}"#, #"{"max_tokens":70, "model":"a"}"#), (#"{ }"#, #"{"max_tokens":70 }"#),
        ])
    func outputLimit(_ text: String, _ expected: String) throws {
        #expect(try self.limit(text, 70) == expected)
        #expect(try self.limit(expected, 70) == expected)
    }

    @Test("The member's name is the model's; all edits go together")
    func outputLimitBesideOthers() throws {
        #expect(
            try self.limit(#"{"model":"a"}"#, 5, .maxCompletionTokens) == #"{"max_completion_tokens":5,"model":"a"}"#)
        #expect(
            try self.limit(#"{"max_tokens":9,"model":"a"}"#, 5, .maxCompletionTokens)
                == #"{"max_tokens":5,"model":"a"}"#)
        #expect(
            try self.limit(#"{"x":1,"model":"a"}"#, 5, model: "b", injectUsage: true)
                == #"{"stream_options":{"include_usage":true},"max_tokens":5,"x":1,"model":"b"}"#)
        #expect(
            try self.limit(#"{"max_tokens":9,"stream_options":{},"model":"a"}"#, 5, model: "b", injectUsage: true)
                == #"{"max_tokens":5,"stream_options":{"include_usage":true},"model":"b"}"#)
        #expect(
            try self.limit("{}", 5, injectUsage: true)
                == #"{"stream_options":{"include_usage":true},"max_tokens":5}"#)
    }

    @Test(
        "Where only max_tokens exists, the other member bounds nothing",
        arguments: [
            (#"{"x":1}"#, #"{"max_tokens":5,"x":1}"#), (#"{"max_tokens":9}"#, #"{"max_tokens":5}"#),
            (#"{"max_tokens":3}"#, #"{"max_tokens":3}"#), (#"{"max_tokens":null}"#, #"{"max_tokens":5}"#),
            (#"{"max_completion_tokens":3}"#, #"{"max_tokens":5,"max_completion_tokens":3}"#),
            (#"{"max_completion_tokens":9}"#, #"{"max_tokens":5,"max_completion_tokens":5}"#),
            (#"{"max_tokens":9,"max_completion_tokens":9}"#, #"{"max_tokens":5,"max_completion_tokens":5}"#),
        ])
    func onlyOneMember(_ text: String, _ expected: String) throws {
        #expect(try self.limit(text, 5, isOnlyMember: true) == expected)
    }

    @Test(
        "A limit that some readers take for another member is refused",
        arguments: ["MAX_TOKENS", "max_to\u{212A}ens", "max_token\u{017F}", "Max_Completion_Tokens", "N"])
    func hiddenLimits(_ name: String) throws {
        #expect(throws: ScanFailure.self) { try RequestScanner().scan(Array(#"{"model":"a","\#(name)":9}"#.utf8)) }
        #expect(throws: ScanFailure.self) {
            try RequestScanner().scan(Array(#"{"model":"a","max_tokens":1,"\#(name)":9}"#.utf8))
        }
    }

    @Test("Splices from elsewhere are refused unless they fit")
    func hostileSplices() {
        let body = Array("0123456789".utf8)
        func apply(_ splices: (Int, Int)...) -> [UInt8]? {
            BodySplice.apply(splices.map { BodySplice(offset: $0.0, removed: $0.1, replacement: [0x78]) }, to: body)
        }
        #expect(apply() == body)
        #expect(apply((0, 10)) == Array("x".utf8))
        #expect(apply((10, 0)) == Array("0123456789x".utf8))
        #expect(apply((0, 0), (0, 1), (1, 0), (9, 1)) == Array("xxx12345678x".utf8))
        #expect(apply((-1, 0)) == nil)
        #expect(apply((0, -1)) == nil)
        #expect(apply((11, 0)) == nil)
        #expect(apply((10, 1)) == nil)
        #expect(apply((.max, 1)) == nil)
        #expect(apply((1, .max)) == nil)
        #expect(apply((.min, .min)) == nil)
        #expect(apply((3, 2), (4, 1)) == nil)
        #expect(apply((3, 2), (1, 1)) == nil)
        #expect(BodySplice.apply([], to: []) == [])
        #expect(BodySplice.apply([BodySplice(offset: 0, removed: 0, replacement: [])], to: []) == [])
    }
}
