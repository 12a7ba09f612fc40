import Configuration
import Domain
import EventLog
import Testing

@testable import ControlPlane

@Suite struct BannerTests {
    private let key = ClientKey.unseen(Secret(Array("sk-sl-canary".utf8)))

    private func banner(
        _ listeners: [String] = ["127.0.0.1:8080"], key: ClientKey, _ configuration: GatewayConfiguration
    ) -> Banner {
        Banner(version: "1.2.3", listeners: listeners, key: key, configuration: configuration)
    }

    private var simulated: GatewayConfiguration {
        GatewayConfiguration(providers: [.simulated], defaultProvider: "simulated")
    }

    @Test func aMadeKeyIsShownOnATerminal() {
        #expect(
            self.banner(key: self.key, self.simulated).text() == """

                Sluice 1.2.3 is up.
                  URL   http://127.0.0.1:8080/v1
                  Key   sk-sl-canary
                        (shown this once; `sluice keys create` makes others)

                  curl http://127.0.0.1:8080/v1/chat/completions -H "Authorization: Bearer sk-sl-canary" \\
                    -H "Content-Type: application/json" \\
                    -d '{"model": "simulated", "messages": [{"role": "user", "content": "Hello"}]}'

                """)
    }

    @Test(arguments: [ClientKey.configuration, .stored, .file(path: "/state/a b/static_key")])
    func otherKeysAreNot(_ key: ClientKey) {
        #expect(self.banner(key: key, self.simulated).text().contains(#""Authorization: Bearer $SLUICE_API_KEY""#))
    }

    @Test func aKeyInAFileIsReadFromThere() {
        let text = self.banner(key: .file(path: "/state/static_key"), self.simulated).text()
        #expect(text.contains("Key   kept in /state/static_key\n"))
        #expect(text.contains(#""Authorization: Bearer $(cat /state/static_key)""#))
    }

    @Test func listenersWithTLSAreNamedSo() {
        var configuration = self.simulated
        configuration.listen = [
            ListenerSettings(.unix(path: "/a")),
            ListenerSettings(.ipv4(address: [127, 0, 0, 1], port: 0), tls: .init(certificate: "c", key: "k")),
        ]
        let urls = self.banner(["unix:/a", "127.0.0.1:8443"], key: .notNeeded, configuration).urls
        #expect(urls.map(\.base) == ["http://localhost", "https://127.0.0.1:8443"])
    }

    @Test func withoutAKeyThereIsNoHeader() {
        let text = self.banner(key: .notNeeded, self.simulated).text()
        #expect(!text.contains("Authorization"))
        #expect(text.contains("none needed"))
    }

    @Test func theLogNeverHoldsTheKey() {
        let sink = LineSink()
        let log = Log(role: .control, sink: sink)
        log.info("gateway is up", self.banner(key: self.key, self.simulated).fields())
        let line = sink.text
        #expect(line.contains(#""urls":["http://127.0.0.1:8080"]"#))
        #expect(!line.contains("canary"))
        log.info("gateway is up", self.banner(key: .file(path: "/state/static_key"), self.simulated).fields())
        #expect(sink.text.contains(#""key_file":"/state/static_key""#))
    }

    @Test func theModelIsOneThatHasSomewhereToGo() {
        func model(_ configuration: GatewayConfiguration) -> String? {
            self.banner(key: .notNeeded, configuration).model
        }
        func provider(_ url: String, _ dialect: Dialect = .openai) -> GatewayConfiguration {
            let settings = ProviderSettings(name: "p", kind: .server(dialect, baseURL: url))
            return GatewayConfiguration(providers: [ConfiguredProvider(settings: settings)], defaultProvider: "p")
        }
        func aliased(_ name: String) -> GatewayConfiguration {
            var configuration = self.simulated
            configuration.models = [ModelAlias(name: name, target: ModelTarget(provider: "simulated", model: "x"))]
            return configuration
        }
        #expect(model(self.simulated) == "simulated")
        #expect(model(provider("https://api.openai.com/v1")) == "gpt-4o-mini")
        #expect(model(provider("https://p.example/v1")) == nil)
        #expect(model(provider("https://api.anthropic.com/v1", .anthropic)) == "claude-haiku-4-5")
        #expect(model(provider("https://p.example/v1", .anthropic)) == nil)
        #expect(model(provider("http://127.0.0.1:11434/v1", .ollama)) == nil)
        #expect(model(GatewayConfiguration()) == nil)
        #expect(model(aliased("fast")) == "fast")
        // A name that would break out of the quotes is not pasted into a shell.
        #expect(model(aliased("a'; rm -rf /")) == "simulated")
    }

    @Test func anUnknownModelGivesAListing() {
        let text = self.banner(key: self.key, GatewayConfiguration()).text()
        #expect(text.contains(#"curl http://127.0.0.1:8080/v1/models -H "Authorization: Bearer sk-sl-canary""#))
    }

    @Test(arguments: [
        ("127.0.0.1:8080", String?("http://127.0.0.1:8080"), String?.none), ("[::1]:81", "http://[::1]:81", nil),
        ("0.0.0.0:80", "http://127.0.0.1:80", nil), ("[::]:80", "http://[::1]:80", nil),
        ("unix:/run/a b.sock", "http://localhost", "/run/a b.sock"), ("127.0.0.1:0", nil, nil), ("fd:3", nil, nil),
        ("127.0.0.1", nil, nil), ("$(reboot):80", nil, nil), (":80", nil, nil), ("", nil, nil),
        ("127.0.0.1:+80", nil, nil), ("[::1%2]:80", "http://[::1%2]:80", nil), ("[$]:80", nil, nil),
    ])
    func listeners(_ line: String, _ base: String?, _ socket: String?) {
        let url = ReachableURL(listener: line)
        #expect(url?.base == base)
        #expect(url?.socket == socket)
    }

    @Test func aUnixSocketIsQuoted() {
        let text = self.banner(["unix:/run/it's.sock"], key: .notNeeded, self.simulated).text()
        #expect(text.contains(#"curl --unix-socket '/run/it'\''s.sock' http://localhost/v1/chat/completions"#))
    }
}
