import Domain
import Testing

@Suite struct SecretTests {
    @Test func noWayOfPrintingShowsTheBytes() {
        let secret = Secret(Array("sk-canary-0001".utf8))
        struct Holder {
            let secret: Secret
        }
        var dumped = ""
        dump(Holder(secret: secret), to: &dumped)
        let header = ProviderSettings.Header(name: "x", value: secret)
        let all = [
            "\(secret)", String(describing: secret), String(reflecting: secret), "\([secret])",
            "\(Holder(secret: secret))", "\(header)", dumped, "\(Mirror(reflecting: secret).children.map(\.value))",
        ]
        for text in all {
            #expect(!text.contains("canary"))
            #expect(!text.contains("99, 97, 110"))
        }
    }

    @Test func theBytesAreThereForWhoAsks() {
        #expect(Secret([1, 2]).withBytes { $0 } == [1, 2])
        #expect(Secret([1, 2]) == Secret([1, 2]))
        #expect(Secret([1, 2]) != Secret([1, 3]))
    }
}
