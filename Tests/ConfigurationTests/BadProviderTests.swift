import Configuration
import Domain
import Testing

/// What is wrong with providers.
@Suite struct BadProviderTests {
    static let providers: [BadCase] = [
        BadCase("providers: [x]", "1:12: providers: expected a mapping"),
        BadCase("providers: {x: }", "1:13: providers.x.dialect: missing; expected one of openai, azure, groq, "),
        BadCase("providers: {x: {}}", "1:13: providers.x.dialect: missing"),
        BadCase(
            "providers: {x: {dialect: openai}}",
            "1:13: providers.x: expected an api_key for https://api.openai.com/v1, or"),
        BadCase(
            "providers: {x: {dialect: openai, api_key: \"${NO:-}\"}}", "1:13: providers.x: expected an api_key for"),
        BadCase("providers: {x: openai}", "1:16: providers.x: expected a mapping of keys to values"),
        BadCase(
            "providers: {x y: {dialect: simulated}}", #"1:13: providers."x y": expected a name of 1 to 64 letters"#),
        BadCase(
            "providers: {\"a:b\": {dialect: simulated}}", "1:13: providers.a:b: expected a name of 1 to 64 letters"),
        BadCase(
            "providers: {x: {dialect: opanai}}",
            "1:26: providers.x.dialect: expected one of openai, azure, groq, mistral, deepseek, openrouter, xai, "
                + "together, perplexity, cerebras, huggingface, ollama, vllm, llamacpp, litellm, anthropic, simulated "
                + "(did you mean openai?), found"),
        BadCase("providers: {x: {dialect: 7}}", "1:26: providers.x.dialect: expected one of openai, azure"),
        BadCase(
            "providers: {x: {dialect: bedrock, api_key: k, region: r}}",
            "1:26: providers.x.dialect: this dialect is not available yet: expected one of openai"),
        BadCase(
            "providers: {x: {dialect: openai, model: y, base_url: 'http://h'}}", "1:34: providers.x.model: unknown key"),
        BadCase(
            "providers: {x: {dialect: openai, apikey: y, base_url: 'http://h'}}",
            "1:34: providers.x.apikey: unknown key; did you mean api_key"),
        BadCase(
            "providers: {x: {dialect: openai, delay: 1s, base_url: 'http://h'}}",
            "1:34: providers.x.delay: has no meaning for dialect openai"
        ),
        BadCase(
            "providers: {x: {dialect: openai, region: r, base_url: 'http://h'}}",
            "1:34: providers.x.region: has no meaning for dialect openai"),
        BadCase(
            "providers: {x: {dialect: simulated, api_key: k}}",
            "1:37: providers.x.api_key: has no meaning for dialect simul"),
        BadCase(
            "providers: {x: {dialect: simulated, delay: 2h}}", "1:44: providers.x.delay: expected a duration between 0s"
        ),
        BadCase(
            "providers: {x: {dialect: simulated, tokens_per_second: 0}}",
            "1:56: providers.x.tokens_per_second: expected a whole number of 1 to 1000000"),
        BadCase(
            "providers: {x: {dialect: simulated, tokens_per_second: '5'}}",
            "1:56: providers.x.tokens_per_second: expected a whole number of 1 to 1000000"),
        BadCase(
            "providers: {x: {dialect: openai, api_key: ''}}",
            "1:43: providers.x.api_key: expected a key of printable ASCII"),
        BadCase(
            "providers: {x: {dialect: openai, api_key: 'a b'}}",
            "1:43: providers.x.api_key: expected a key of printable"),
        BadCase("providers: {x: {dialect: openai, api_key: \"a\\nb\"}}", "1:43: providers.x.api_key: expected a key"),
        BadCase("providers: {x: {dialect: openai, api_key: [k]}}", "1:43: providers.x.api_key: expected a key"),
        BadCase("providers: {x: {dialect: openai, keys: k}}", "1:40: providers.x.keys: expected a list of keys"),
        BadCase("providers: {x: {dialect: openai, keys: [k]}}", "1:41: providers.x.keys[0]: expected a mapping"),
        BadCase(
            "providers: {x: {dialect: openai, keys: [{name: a}]}}",
            "1:41: providers.x.keys[0]: expected a key under value"),
        BadCase(
            "providers: {x: {dialect: openai, keys: [{value: a}, {value: b}]}}",
            "1:41: providers.x.keys[0].name: missing; several keys are told apart by their names",
            "1:53: providers.x.keys[1].name: missing; several keys"),
        BadCase(
            "providers: {x: {dialect: openai, keys: [{name: k, value: a}, {name: l, value: b}, {value: c, name: k}]}}",
            "1:100: providers.x.keys[2].name: the name is given to more than one key: choose another"),
        BadCase(
            "providers: {x: {dialect: openai, keys: []}}", "1:13: providers.x: expected an api_key for https://api"),
        BadCase(
            "providers: {x: {dialect: openai, api_key: a, keys: [{value: b}]}}",
            "1:34: providers.x.api_key: expected either api_key or keys, not both"),
        BadCase(
            "providers: {x: {dialect: openai, keys: [{value: a, requests_per_minute: 0, weight: 0, name: 'a b'}]}}",
            "1:73: providers.x.keys[0].requests_per_minute: expected a whole number of 1 to 1000000000",
            "1:84: providers.x.keys[0].weight: expected a whole number of 1 to 1000000",
            "1:93: providers.x.keys[0].name: expected a name"),
        BadCase(
            "providers: {x: {dialect: openai, keys: [{value: a, tokens_per_minut: 9}]}}",
            "1:52: providers.x.keys[0].tokens_per_minut: unknown key; did you mean tokens_per_minute?"),
        BadCase(
            "providers: {x: {dialect: simulated, keys: [{value: a}]}}",
            "1:37: providers.x.keys: has no meaning for dialect simulated"),
        BadCase(
            "providers: {x: {dialect: openai, max_connections: 0, base_url: 'http://h'}}",
            "1:51: providers.x.max_connections: expected a whole"),
        BadCase(
            "providers: {x: {dialect: openai, http2: true, base_url: 'http://h'}}",
            "1:34: providers.x.http2: not available yet"),
        BadCase(
            "providers: {x: {dialect: openai, allow_private_network: maybe, base_url: 'http://h'}}",
            "1:57: providers.x.allow_private_network: expected true or false"),
        BadCase(
            "providers: {x: {dialect: openai, ca_file: /nope, base_url: 'http://h'}}",
            "1:43: providers.x.ca_file: expected a readable PEM file"),
        BadCase(
            "providers:\n  x:\n    dialect: openai\n    timeouts: {connect: 0s, first_tokens: 1s, idle: x}\n    api_key: k",
            "4:25: providers.x.timeouts.connect: expected a duration between 1ms and 24h",
            "4:29: providers.x.timeouts.first_tokens: unknown key; did you mean first_token?",
            "4:53: providers.x.timeouts.idle: expected a duration"),
    ]

    static let urls: [(url: String, problem: String)] = [
        ("ftp://h/v1", "expected a URL that starts with http:// or https://"),
        ("api.openai.com/v1", "expected a URL that starts with"),
        ("https:/h", "expected a URL that starts with"),
        ("https://", "expected a host name or address"),
        ("https:///v1", "expected a host name or address"),
        ("https://u:p@h/v1", "expected a URL without user name and password"),
        ("https://u@h", "expected a URL without user name"),
        ("https://h?x=1", "expected a URL without query"),
        ("https://h/v1#x", "expected a URL without query and fragment"),
        ("https://h:0/", "expected a port of 1 to 65535"),
        ("https://h:65536/", "expected a port of 1 to 65535"),
        ("https://h:/", "expected a port of 1 to 65535"),
        ("https://h:8080x/", "expected a port of 1 to 65535"),
        ("https://-h/", "expected a host name"),
        ("https://a..b/", "expected a host name"),
        ("https://a_*b/", "expected a host name"),
        ("https://[::1/v1", "expected a port"),
        ("https://[1.2.3.4]/v1", "expected an IPv6 address"),
        ("https://h/../x", "expected a path without"),
        ("https://h/a b", "expected a URL in plain ASCII"),
        ("https://höst/", "expected a URL in plain ASCII"),
        (#"https://h\\@x/"#, "expected a URL in plain ASCII"),
        ("https://h/v1/chat/completions", "expected the URL that /chat/completions is added to"),
    ]

    static let headers: [(header: String, problem: String)] = [
        ("Host: x", "the gateway sets this header itself"),
        ("Content-Length: 5", "the gateway sets this header itself"),
        ("transfer-encoding: chunked", "the gateway sets this header itself"),
        ("Connection: close", "the gateway sets this header itself"),
        ("\"a b\": x", "expected a header name"),
        ("\"a:\": x", "expected a header name"),
        ("\"x\\r\\ny\": x", "expected a header name"),
        ("X-A: \"a\\r\\nX-B: c\"", "expected text without control characters"),
        ("X-A: \"a\\0\"", "expected text without control characters"),
        ("X-A: ' a'", "expected text without control characters and without blanks around it"),
        ("X-A: ''", "expected text without control characters"),
        ("X-A: [a]", "expected text without control characters"),
        ("Authorization: Bearer x", "expected either a key or this header"),
    ]

    static let dialects: [BadCase] = [
        BadCase(
            "providers: {x: {dialect: groq}}",
            "1:13: providers.x: expected an api_key for https://api.groq.com/openai/v1, or the base_url of another"),
        BadCase("providers: {x: {dialect: anthropic}}", "1:13: providers.x: expected an api_key for https://api.anthr"),
        BadCase("providers: {x: {dialect: vllm}}", "1:13: providers.x.base_url: missing; dialect vllm has none"),
        BadCase("providers: {x: {dialect: llamacpp, api_key: k}}", "1:13: providers.x.base_url: missing"),
        BadCase("providers: {x: {dialect: litellm, api_key: k}}", "1:13: providers.x.base_url: missing"),
        BadCase(
            "providers: {x: {dialect: azure, api_key: k}}",
            "1:13: providers.x: expected a resource, the NAME of https://NAME.openai.azure.com, or a base_url"),
        BadCase("providers: {x: {dialect: azure, resource: r1}}", "1:13: providers.x: expected an api_key for the"),
        BadCase(
            "providers: {x: {dialect: azure, api_key: k, resource: r1, base_url: 'https://h'}}",
            "1:45: providers.x.resource: expected either resource or base_url, not both"),
        BadCase(
            "providers: {x: {dialect: azure, api_key: k, resource: r1.openai.azure.com}}",
            "1:55: providers.x.resource: expected the name of an Azure resource"),
        BadCase(
            "providers: {x: {dialect: azure, api_key: k, resource: r1, api_version: newest}}",
            "1:72: providers.x.api_version: expected v1, preview or a dated version"),
        BadCase(
            "providers: {x: {dialect: azure, api_key: k, resource: r1, api_version: 2024-10-2}}",
            "1:72: providers.x.api_version: expected v1, preview or a dated version"),
        BadCase(
            "providers: {x: {dialect: azure, api_key: k, base_url: 'https://h/openai/deployments/d/chat/completions'}}",
            "1:55: providers.x.base_url: expected the URL of a resource, such as"),
        BadCase(
            "providers: {x: {dialect: anthropic, api_key: k, base_url: 'https://h/v1/messages'}}",
            "1:59: providers.x.base_url: expected the URL that /messages is added to, such as https://api.anthropic"),
        BadCase(
            "providers: {x: {dialect: groq, api_key: k, base_url: 'https://h/v1/completions'}}",
            "1:54: providers.x.base_url: expected the URL that /chat/completions is added to, such as https://api.groq"),
        BadCase(
            "providers: {x: {dialect: groq, api_key: k, resource: r1, api_version: v1}}",
            "1:44: providers.x.resource: has no meaning for dialect groq: leave it out",
            "1:58: providers.x.api_version: has no meaning for dialect groq"),
        BadCase(
            "providers: {x: {dialect: simulated, drop_unsupported: true, fetch_images: true}}",
            "1:37: providers.x.drop_unsupported: has no meaning for dialect simulated",
            "1:61: providers.x.fetch_images: has no meaning for dialect simulated"),
        BadCase(
            "providers: {x: {dialect: groq, api_key: k, drop_unsupported: 1, fetch_images: maybe}}",
            "1:62: providers.x.drop_unsupported: expected true or false",
            "1:79: providers.x.fetch_images: expected true or false"),
        BadCase(
            "providers: {x: {dialect: anthropic, api_key: k, headers: {X-API-Key: k}}}",
            "1:59: providers.x.headers.X-API-Key: expected either a key or this header, not both"),
        BadCase(
            "providers: {x: {dialect: azure, api_key: k, resource: r1, headers: {api-key: k}}}",
            "1:69: providers.x.headers.api-key: expected either a key or this header, not both"),
    ]

    @Test(arguments: dialects) func dialectsOwnKeys(bad: BadCase) { bad.check() }
    @Test(arguments: providers) func providerEntries(bad: BadCase) { bad.check() }

    @Test(arguments: urls) func badURLs(url: String, problem: String) {
        BadCase("providers: {x: {dialect: openai, base_url: \"\(url)\"}}", "1:44: providers.x.base_url: \(problem)")
            .check()
        // Nothing of the URL comes back: it may hold a password.
        let shown = Document(text: "providers: {x: {dialect: openai, base_url: \"\(url)\"}}").problems.joined()
        #expect(!shown.contains(", found"))
    }

    @Test(arguments: headers) func badHeaders(header: String, problem: String) {
        let text = "providers:\n  x:\n    dialect: openai\n    api_key: k\n    headers:\n      \(header)\n"
        let problems = Document(text: text).result.problems
        #expect(problems.count == 1, "\(problems)")
        #expect(problems.first?.line == 6)
        #expect(problems.first?.message.hasPrefix(problem) == true)
    }

    @Test func aHeaderTwiceInDifferentCase() {
        BadCase(
            "providers: {x: {dialect: openai, headers: {X-A: a, x-a: b}}}",
            "1:52: providers.x.headers.x-a: the header is given more than once"
        ).check()
    }

    @Test func aProxyHasNoPath() {
        BadCase(
            "providers: {x: {dialect: openai, proxy: \"http://p:3128/x\", base_url: 'http://h'}}",
            "1:41: providers.x.proxy: expected a proxy without a path"
        ).check()
    }

    @Test func aCertificateFileHasCertificates() {
        let text = "providers: {x: {dialect: openai, ca_file: /ca, base_url: 'http://h'}}"
        let bad = Document(text: text, files: ["/ca": Array("hello".utf8)])
        #expect(
            bad.problems.first?.hasPrefix("1:43: providers.x.ca_file: expected a PEM file with certificates") == true)
        let good = Document(text: text, files: ["/ca": Array("x\n-----BEGIN CERTIFICATE-----\n".utf8)])
        #expect(good.result.configuration?.providers.first?.settings.caFile == "/ca")
    }
}
