import Configuration
import Testing

/// What is wrong in the parts of the file that this version uses.
@Suite struct BadDocumentTests {
    static let structure: [BadCase] = [
        BadCase("[]", "1:1: expected a mapping of keys to values, found a list"),
        BadCase("hello", #"1:1: expected a mapping of keys to values, found "hello""#),
        BadCase("5", #"1:1: expected a mapping of keys to values, found "5""#),
        BadCase("\nlisten: [", "2:10: not valid YAML: while parsing a flow node, did not find"),
        BadCase("http:\n  max_body: 1MB\n bad: x\n", "3:2: not valid YAML"),
        BadCase("a: 'open", "1:9: not valid YAML"),
        BadCase("a: b: c", "1:5: not valid YAML: mapping values are not allowed"),
        BadCase("\ta: 1", "1:1: not valid YAML"),
        BadCase("user: null\n---\nuser: null\n", "2:1: not valid YAML"),
        BadCase("user: *nobody", "1:7: not valid YAML: found undefined alias"),
        BadCase("user: \"\u{1}\"", "1:8: not valid YAML: control characters"),
        BadCase("nonsense: 1", "1:1: nonsense: unknown key; expected one of: listen, admin, state_directory"),
        BadCase("lissten: []", "1:1: lissten: unknown key; did you mean listen?"),
        BadCase("Listen: []", "1:1: Listen: unknown key; did you mean listen?"),
        BadCase("drain-timeout: 5m", "1:1: drain-timeout: unknown key; did you mean drain_timeout?"),
        BadCase("http:\n  max_bdoy: 1MB", "2:3: http.max_bdoy: unknown key; did you mean max_body?"),
        BadCase("? [a, b]\n: c", "1:3: expected text as a key, not a list or mapping"),
        BadCase("base: &b {keys: optional}\nauth: {<<: *b}", "1:1: base: unknown key", "2:8: auth.<<: merge keys"),
        BadCase("auth: !secret {keys: optional}\nuser: !!int 5", "2:7: user: expected no YAML tag"),
        BadCase("\"a\\nb\": 1", "1:1: \"a\u{FFFD}b\": unknown key"),
        BadCase("\"\": 1", "1:1: \"\": unknown key"),
        BadCase("é: 1\nü: {x: 1}", "1:1: \"é\": unknown key", "2:1: \"ü\": unknown key"),
    ]

    static let duplicates: [BadCase] = [
        BadCase("user: null\nuser: null", "2:1: user: the key is given more than once; it stands in line 1"),
        BadCase("user: ~\nuser: ~\nuser: ~", "2:1: user: the key", "3:1: user: the key"),
        BadCase("'user': ~\n\"user\": ~", "2:1: user: the key is given more than once"),
        BadCase(
            "http: {max_body: 1MB, max_body: 2MB}\nhttp: {}\nnope: 1",
            "1:23: http.max_body: the key is given more than once", "2:1: http: the key is given more than once",
            "3:1: nope: unknown key"),
        BadCase("&a user: ~\nuser: ~", #"1:1: the key "user" is given more than once"#),
        BadCase(
            "providers:\n  a: {dialect: simulated}\n  a: {dialect: simulated}",
            "3:3: providers.a: the key is given more than"),
    ]

    static let general: [BadCase] = [
        BadCase("listen: 127.0.0.1:8080", #"1:9: listen: expected a list of addresses, such as `- address"#),
        BadCase("listen: []", "1:9: listen: expected at least one address"),
        BadCase("listen: [127.0.0.1:8080]", #"1:10: listen[0]: expected a mapping of keys to values, found "127"#),
        BadCase("listen: [{}]", "1:10: listen[0]: expected an address, such as"),
        BadCase("listen: [~]", "1:10: listen[0]: expected an address, such as"),
        BadCase("listen: [{address: ~}]", "1:10: listen[0]: expected an address, such as"),
        BadCase("listen: [{adress: 1}]", "1:10: listen[0]: expected an address", "1:11: listen[0].adress: unknown key"),
        BadCase("listen: [{address: [x]}]", "1:20: listen[0].address: expected an address and a port"),
        BadCase(#"listen: [{address: ""}]"#, "1:20: listen[0].address: expected an address and a port"),
        BadCase("listen: [{address: localhost:80}]", "1:20: listen[0].address: expected a numeric address"),
        BadCase(
            "listen: [{address: \":8080\"}]",
            "1:20: listen[0].address: expected an address before the port: 0.0.0.0:8080"),
        BadCase("listen: [{address: \"*:8080\"}]", "1:20: listen[0].address: expected an address before the port"),
        BadCase("listen: [{address: 127.0.0.1:65536}]", "1:20: listen[0].address: expected a port of 0 to 65535"),
        BadCase("listen: [{address: 127.0.0.1:-1}]", "1:20: listen[0].address: expected a port of 0 to 65535"),
        BadCase("listen: [{address: 127.0.0.1:+80}]", "1:20: listen[0].address: expected a port of 0 to 65535"),
        BadCase("listen: [{address: 127.0.0.1}]", "1:20: listen[0].address: expected an address and a port"),
        BadCase("listen: [{address: 127.0.0:80}]", "1:20: listen[0].address: expected a numeric address"),
        BadCase("listen: [{address: 256.0.0.1:80}]", "1:20: listen[0].address: expected a numeric address"),
        BadCase("listen: [{address: \"::1:80\"}]", "1:20: listen[0].address: expected brackets around an IPv6"),
        BadCase("listen: [{address: \"[127.0.0.1]:80\"}]", "1:20: listen[0].address: expected brackets around an IPv6"),
        BadCase("listen: [{address: \"[fe80::1%lo]:80\"}]", "1:20: listen[0].address: expected a numeric address"),
        BadCase("listen: [{address: unix:relative}]", "1:20: listen[0].address: expected unix: and an absolute path"),
        BadCase("listen: [{address: unix:/}]", "1:20: listen[0].address: expected unix: and an absolute path"),
        BadCase("listen: [{address: fd:2}]", "1:20: listen[0].address: expected fd: and the number"),
        BadCase("listen: [{address: fd:x}]", "1:20: listen[0].address: expected fd: and the number"),
        BadCase(
            "listen:\n  - address: 127.0.0.1:80\n  - address: 127.0.0.1:80",
            "3:14: listen[1].address: the address is listed"),
        BadCase("admin: {listen: 127.0.0.1:8080}", "1:17: admin.listen: the address is listed twice"),
        BadCase("admin: {listen: sme}", "1:17: admin.listen: expected"),
        BadCase("admin: {listen: {tls: null}}", "1:17: admin.listen: expected an address"),
        BadCase("admin: {listen: {address: x}}", "1:27: admin.listen.address: expected"),
        BadCase("admin: {listen: [127.0.0.1:9]}", "1:17: admin.listen: expected"),
        BadCase("admin: {listn: same}", "1:9: admin.listn: unknown key; did you mean listen?"),
        BadCase("state_directory: ''", "1:18: state_directory: expected the path of a folder"),
        BadCase(
            "state_directory: true", "1:18: state_directory: expected the path of a folder, found the boolean true"),
        BadCase("state_directory: {}", "1:18: state_directory: expected the path of a folder, found a mapping"),
        BadCase("workers: {edge: 0}", "1:17: workers.edge: expected auto or a whole number of 1 to 200"),
        BadCase("workers: {upstream: 257}", "1:21: workers.upstream: expected auto or a whole number"),
        BadCase("workers: {edge: 1.5}", "1:17: workers.edge: expected auto or a whole number"),
        BadCase("workers: {edge: \"2\"}", "1:17: workers.edge: expected auto or a whole number"),
        BadCase("workers: 2", "1:10: workers: expected a mapping of keys to values"),
        BadCase("drain_timeout: 5", #"1:16: drain_timeout: expected a duration: a whole number and a unit, such as"#),
        BadCase("drain_timeout: 1.5m", "1:16: drain_timeout: expected a duration: a whole number"),
        BadCase("drain_timeout: -1s", "1:16: drain_timeout: expected a duration: a whole number"),
        BadCase("drain_timeout: 5 m", "1:16: drain_timeout: expected a duration: a whole number"),
        BadCase("drain_timeout: 5M", "1:16: drain_timeout: expected a duration: a whole number"),
        BadCase("drain_timeout: 05m", "1:16: drain_timeout: expected a duration: a whole number"),
        BadCase("drain_timeout: 25h", "1:16: drain_timeout: expected a duration between 0s and 24h"),
        BadCase("drain_timeout: 9223372036854775807h", "1:16: drain_timeout: expected a duration between"),
        BadCase("drain_timeout: 99999999999999999999s", "1:16: drain_timeout: expected a duration: a whole number"),
        BadCase("drain_timeout: [5m]", "1:16: drain_timeout: expected a duration: a whole number and a unit"),
        BadCase("logging: {level: trace}", "1:18: logging.level: expected debug or info or warning or error"),
        BadCase(
            "logging: {level: inf}",
            "1:18: logging.level: expected debug or info or warning or error (did you mean info?)"),
        BadCase("logging: {format: xml}", "1:19: logging.format: expected json or text"),
        BadCase("logging: {file: /var/log/}", "1:17: logging.file: expected stderr or the path of a file, not"),
        BadCase("logging: {file: a/..}", "1:17: logging.file: expected stderr or the path of a file, not"),
        BadCase("logging: {file: true}", "1:17: logging.file: expected stderr or the path of a file"),
        BadCase("logging: {file: \"a\\nb\"}", "1:17: logging.file: expected stderr or the path of a file"),
        BadCase(
            "logging: {access: 1, prompts: maybe, responses: \"true\"}", "1:19: logging.access: expected true or false",
            "1:31: logging.prompts: expected true or false", "1:49: logging.responses: expected true or false"),
    ]

    static let http: [BadCase] = [
        BadCase("http: 1", "1:7: http: expected a mapping"),
        BadCase("http: {max_body: 10}", "1:18: http.max_body: expected a size: a whole number and a unit"),
        BadCase("http: {max_body: 10mb}", "1:18: http.max_body: expected a size: a whole number and a unit"),
        BadCase("http: {max_body: 2GB}", "1:18: http.max_body: expected a size between 1KB and 1GB"),
        BadCase("http: {max_body: 9223372036854775807GB}", "1:18: http.max_body: expected a size between 1KB and 1GB"),
        BadCase("http: {max_body: 1e3KB}", "1:18: http.max_body: expected a size: a whole number"),
        BadCase("http: {max_headers: 512B}", "1:21: http.max_headers: expected a size between 1KB and 1MB"),
        BadCase("http: {max_request_line: 1MB}", "1:26: http.max_request_line: expected a size between 256B and 64KB"),
        BadCase("http: {header_timeout: 0s}", "1:24: http.header_timeout: expected a duration between 100ms and 10m"),
        BadCase("http: {idle_timeout: 1ms}", "1:22: http.idle_timeout: expected a duration between 100ms and 24h"),
        BadCase("http: {trusted_proxies: 10.0.0.0/8}", "1:25: http.trusted_proxies: expected a list of address ranges"),
        BadCase("http: {trusted_proxies: [10.0.0.0/33]}", "1:26: http.trusted_proxies[0]: expected an address range"),
        BadCase("http: {trusted_proxies: [10.0.0.0/-1]}", "1:26: http.trusted_proxies[0]: expected an address range"),
        BadCase("http: {trusted_proxies: [10.0.0.0/8/8]}", "1:26: http.trusted_proxies[0]: expected an address range"),
        BadCase("http: {trusted_proxies: [10.0.0.0/]}", "1:26: http.trusted_proxies[0]: expected an address range"),
        BadCase("http: {trusted_proxies: [all]}", "1:26: http.trusted_proxies[0]: expected an address range"),
        BadCase(
            "http: {trusted_proxies: [10.0.0.1/8]}",
            "1:26: http.trusted_proxies[0]: expected no bits set after the first 8 (did you mean 10.0.0.0/8?)"),
        BadCase(
            "http:\n  trusted_proxies:\n    - 127.0.0.1\n    - fd00::1/8\n    - 10.0.0.0/8\n    - [x]\n",
            "4:7: http.trusted_proxies[1]: expected no bits set after the first 8 (did you mean fd00::/8?)",
            "6:7: http.trusted_proxies[3]: expected an address range"),
        BadCase("http: {cors: [x]}", "1:14: http.cors: expected a mapping"),
        BadCase("http: {cors: {origin: []}}", "1:15: http.cors.origin: unknown key; did you mean origins?"),
        BadCase("http: {cors: {origins: '*'}}", "1:24: http.cors.origins: expected a list of origins"),
        BadCase("http: {cors: {origins: [a.com]}}", "1:25: http.cors.origins[0]: expected an origin such as"),
        BadCase(
            "http: {cors: {origins: [\"https://a.com/\"]}}", "1:25: http.cors.origins[0]: expected an origin such as"),
        BadCase(
            "http: {cors: {origins: [\"https://u@a.com\"]}}", "1:25: http.cors.origins[0]: expected an origin such as"),
        BadCase(
            "http: {cors: {origins: [\"https://A.com\"]}}", "1:25: http.cors.origins[0]: expected an origin in lower"),
    ]

    static let auth: [BadCase] = [
        BadCase("auth: {keys: none}", "1:14: auth.keys: expected required or optional"),
        BadCase("auth: {keys: requird}", "1:14: auth.keys: expected required or optional (did you mean required?)"),
        BadCase("auth: {keys: [optional]}", "1:14: auth.keys: expected required or optional, found a list"),
        BadCase("auth: {static_key: short}", "1:20: auth.static_key: expected a key of 16 to 512 printable"),
        BadCase("auth: {static_key: ''}", "1:20: auth.static_key: expected a key of 16 to 512 printable"),
        BadCase("auth: {static_key: 'with blanks in the key'}", "1:20: auth.static_key: expected a key of 16 to 512"),
        BadCase("auth: {static_key: ключключключ}", "1:20: auth.static_key: expected a key of 16 to 512 printable"),
        BadCase("auth: {static_key: sk-change-me-change-me}", "1:20: auth.static_key: expected a random key"),
        BadCase("auth: {static_key: aaaaaaaaaaaaaaaaaaaaaaa}", "1:20: auth.static_key: expected a random key"),
        BadCase("auth: {static_key: [a]}", "1:20: auth.static_key: expected a key of 16 to 512"),
        BadCase("auth: {static_kye: x}", "1:8: auth.static_kye: unknown key; did you mean static_key?"),
    ]

    @Test(arguments: structure) func wholeFile(bad: BadCase) { bad.check() }
    @Test(arguments: duplicates) func duplicateKeys(bad: BadCase) { bad.check() }
    @Test(arguments: general) func generalSections(bad: BadCase) { bad.check() }
    @Test(arguments: http) func httpSection(bad: BadCase) { bad.check() }
    @Test(arguments: auth) func authSection(bad: BadCase) { bad.check() }

    @Test func allProblemsComeAtOnceAndInOrder() {
        let text = """
            listen: [{address: nowhere}]
            drain_timeout: soon
            http: {max_body: big, max_header: 1KB}
            auth: {static_key: short}
            providers: {x: {dialect: openai, base_url: "ftp://h"}}
            models: {m: {targets: [y:z]}}
            default_provider: zzz
            redis: redis://h
            """
        let lines = Document(text: text).result.problems.map(\.line)
        #expect(lines == [1, 2, 3, 3, 4, 5, 6, 7, 8])
    }

    @Test func aByteOrderMarkMovesNothing() {
        #expect(Document(text: "\u{FEFF}nope: 1").problems.first?.hasPrefix("1:1: nope: unknown key") == true)
    }

    @Test func invalidUTF8IsNamedByItsPlace() {
        let bytes = Array("user: null\nü".utf8) + [0xFF] + Array(": 1\n".utf8)
        let result = ConfigurationLoader.load(bytes: bytes, file: "f", environment: [:], readFile: BoundedFile.read)
        #expect(result.problems.map(\.description) == ["f:2:2: the file is not UTF-8 text"])
    }

    @Test func aHugeFileIsRefusedUnread() {
        let text = String(repeating: "#", count: ConfigurationLoader.fileLimit + 1)
        #expect(Document(text: text).problems == ["1:1: the file is larger than 4MB"])
    }

    @Test func nestingIsBounded() {
        for depth in [40, 999, 50_000] {
            let text = "user: " + String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
            #expect(Document(text: text).result.problems.isEmpty == false)
        }
    }

    @Test func aliasesCannotMultiplyTheFile() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1..<12 {
            let references = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
            text += "a\(level): &a\(level) [\(references)]\n"
        }
        let problems = Document(text: text).problems
        #expect(problems.contains { $0.contains("more than 100000 values, aliases counted") })
    }
}
