import Configuration
import Domain
import Testing

@Suite struct PassedSocketsTests {
    private static let two = ["LISTEN_FDS": "2", "LISTEN_PID": "1", "LISTEN_FDNAMES": "web:other"]

    @Test func theyStandInForListen() {
        let both = [ListenerSettings(.inherited(descriptor: 3)), ListenerSettings(.inherited(descriptor: 4))]
        for text in ["", "drain_timeout: 1s"] {
            #expect(Document(text: text, environment: Self.two).result.configuration?.listen == both)
        }
        let none = ConfigurationLoader.fromEnvironment(environment: Self.two)
        #expect(none.configuration?.listen == both)
        #expect(!none.notices.contains { $0.contains("passed") })
    }

    @Test func theFileCountsMoreAndALeftOutSocketIsSaid() {
        let result = Document(text: "listen: [{address: fd:3}]", environment: Self.two).result
        #expect(result.configuration?.listen == [ListenerSettings(.inherited(descriptor: 3))])
        let expected =
            "f: the service manager passed the socket fd:4 (other), but `listen` does not name it: "
            + "nobody takes connections there"
        #expect(result.notices.filter { $0.contains("passed") } == [expected])
    }

    @Test(arguments: ["", "0", "x", "-1", "65", "99999999999999999999"])
    func nonsenseIsNone(count: String) {
        let result = Document(text: "", environment: ["LISTEN_FDS": count]).result
        #expect(result.configuration?.listen == GatewayConfiguration.defaultListen)
    }
}
