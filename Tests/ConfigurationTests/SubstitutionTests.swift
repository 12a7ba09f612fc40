import Configuration
import Domain
import Testing

@Suite struct SubstitutionTests {
    private static let environment = ["SET": "value", "EMPTY": "", "COUNT": "3", "NESTED": "${SET}", "_A1": "x"]

    /// What `state_directory` becomes when the file says `text`.
    private func directory(_ text: String, files: [String: [UInt8]] = [:]) -> Document {
        Document(text: "state_directory: \"\(text)\"", environment: Self.environment, files: files)
    }

    @Test(arguments: [
        ("${SET}", "value"), ("a${SET}b${SET}", "avaluebvalue"), ("${SET:-other}", "value"),
        ("${UNSET:-other}", "other"),
        ("${EMPTY:-other}", "other"), ("x${EMPTY}", "x"), ("x${UNSET:-}", "x"), ("$${SET}", "${SET}"),
        ("$$${SET}", "$${SET}"),
        ("$SET", "$SET"), ("a$", "a$"), ("${NESTED}", "${SET}"), ("${UNSET:-a:-b}", "a:-b"), ("${UNSET:-$x}", "$x"),
        ("${_A1}", "x"), ("{SET}", "{SET}"), ("ü${SET}ü", "üvalueü"),
    ])
    func variables(text: String, expected: String) throws {
        let result = self.directory(text).result
        #expect(result.problems.isEmpty)
        #expect(try #require(result.configuration).stateDirectory == expected)
    }

    @Test(arguments: [
        ("${UNSET}", "1:18: state_directory: the environment variable UNSET is not set"),
        ("x${UNSET}", "1:18: state_directory: the environment variable UNSET is not set"),
        ("${SET", "1:18: state_directory: expected a closing }"),
        ("${}", "1:18: state_directory: expected ${NAME}, ${NAME:-default} or ${file:/path}"),
        ("${1A}", "1:18: state_directory: expected ${NAME}"), ("${A-B}", "1:18: state_directory: expected ${NAME}"),
        ("${A B}", "1:18: state_directory: expected ${NAME}"), ("${A:+x}", "1:18: state_directory: expected ${NAME}"),
        ("${UNSET:-${SET}}", "1:18: state_directory: expected ${NAME}"),
        ("${file:relative}", "1:18: state_directory: expected an absolute path in ${file:…}"),
        ("${file:/absent}", #"1:18: state_directory: the file "/absent" cannot be read: No such file or directory"#),
    ])
    func problems(text: String, expected: String) {
        let problems = self.directory(text).problems
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix(expected) == true, "\(problems)")
    }

    @Test func eachProblemOfAScalarIsNamed() {
        #expect(self.directory("${A}${B}").problems.count == 2)
    }

    @Test(arguments: [
        ("text", "text"), ("text\n", "text"), ("text\r\n", "text"), ("text\n\n", "text\n"), ("${SET}", "${SET}"),
    ])
    func files(contents: String, expected: String) throws {
        let text = "providers: {x: {dialect: openai, headers: {X-A: \"${file:/s}\"}}}"
        let result = Document(text: text, files: ["/s": Array(contents.utf8)]).result
        if expected.contains("\n") {
            #expect(result.problems.map(\.path) == ["providers.x.headers.X-A"])
        } else {
            let value = try #require(result.configuration).providers.first?.settings.headers.first?.value
            #expect(value == Secret(Array(expected.utf8)))
        }
    }

    @Test func aFileHasALimitAndIsText() {
        let full = [UInt8](repeating: UInt8(ascii: "x"), count: 64 << 10)
        #expect(
            self.directory("${file:/s}", files: ["/s": full + full]).problems.first?.contains("larger than 64KB")
                == true)
        #expect(self.directory("${file:/s}", files: ["/s": [0xFF]]).problems.first?.contains("not UTF-8 text") == true)
        let key = "auth: {static_key: \"${file:/s}\"}"
        let problems = Document(text: key, files: ["/s": full]).problems
        #expect(problems.first?.hasPrefix("1:20: auth.static_key: expected a key of 16 to 512") == true)
    }

    @Test func substitutedNumbersMayBeQuoted() throws {
        let text = "workers: {edge: \"${COUNT}\", upstream: \"${UNSET:-2}\"}"
        let result = Document(text: text, environment: Self.environment).result
        #expect(try #require(result.configuration).workers == WorkerSettings(edge: .fixed(3), upstream: .fixed(2)))
    }

    @Test func anEmptyDefaultMeansNone() throws {
        let text =
            "auth: {static_key: \"${UNSET:-}\"}\nredis: ${UNSET:-}\nproviders: {x: {dialect: openai, api_key: \"${UNSET:-}\", base_url: 'http://h'}}"
        let result = Document(text: text).result
        let configuration = try #require(result.configuration)
        #expect(configuration.auth.staticKey == nil)
        #expect(configuration.providers.first?.settings.apiKey == nil)
    }

    @Test func anEmptyVariableIsNoKey() {
        let text = "providers: {x: {dialect: openai, api_key: \"${EMPTY}\"}}"
        let problems = Document(text: text, environment: Self.environment).problems
        #expect(problems.first?.hasPrefix("1:43: providers.x.api_key: expected a key") == true)
    }

    @Test func valuesFromOutsideAreNeverRepeated() {
        let text = """
            drain_timeout: ${SECRET}
            http: {max_body: "${SECRET}", trusted_proxies: ["${SECRET}"]}
            providers: {x: {dialect: "${SECRET}", base_url: "${SECRET}", api_key: "a ${SECRET}"}}
            default_provider: ${SECRET}
            models: {m: {targets: ["${SECRET}"]}}
            logging: {level: "${SECRET}"}
            """
        let problems = Document(text: text, environment: ["SECRET": "hunter2"]).problems
        #expect(problems.count == 9)
        #expect(!problems.joined().contains("hunter2"))
    }

    @Test func keysAreNotSubstituted() {
        let problems = Document(text: "${SET}: 1", environment: ["SET": "user"]).problems
        #expect(problems.first?.hasPrefix("1:1: ${SET}: unknown key") == true)
    }
}
