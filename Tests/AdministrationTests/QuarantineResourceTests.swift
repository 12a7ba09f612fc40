import JSON
import Testing

@testable import Administration

@Suite struct QuarantineResourceTests {
    /// A clock to set and what was released.
    private final class Scene {
        var now: UInt64 = 5_000
        var released: [UInt64] = []
        private(set) lazy var board = QuarantineBoard(
            now: { [unowned self] in self.now }, release: { [unowned self] in self.released.append($0) })
        var noted: [AuditEntry] = []
        private(set) lazy var service = AdministrationService(resources: [
            QuarantineResource(board: self.board) { [unowned self] in self.noted.append($0) }
        ])

        func ask(_ method: AdministrationRequest.Method, _ path: String...) -> (Int, String) {
            let reply = self.service.reply(
                to: AdministrationRequest(method: method, path: ["quarantine"] + path))
            return (reply.status, String(decoding: reply.body, as: UTF8.self))
        }
    }

    @Test func listsWithTheTimeThatIsLeft() {
        let scene = Scene()
        scene.board.tell(0xABC, milliseconds: 600_000)
        scene.board.tell(1, milliseconds: 10_000)
        scene.now += 9_001
        #expect(
            scene.ask(.get).1
                == #"{"data":[{"fingerprint":"0000000000000001","seconds_left":1},"#
                + #"{"fingerprint":"0000000000000abc","seconds_left":591}]}"#)
        scene.now += 999
        #expect(scene.ask(.get).1 == #"{"data":[{"fingerprint":"0000000000000abc","seconds_left":590}]}"#)
    }

    @Test func releasesWhatIsThere() {
        let scene = Scene()
        scene.board.tell(0xABC, milliseconds: 600_000)
        #expect(scene.ask(.delete, "0000000000000abc").0 == 200)
        #expect(scene.released == [0xABC])
        // It is the supervisor that ends it.
        #expect(scene.ask(.get).1.contains("0000000000000abc"))
        scene.board.tell(0xABC, milliseconds: 0)
        #expect(scene.ask(.get).1 == #"{"data":[]}"#)
        #expect(scene.ask(.delete, "0000000000000abc").0 == 404)
        // Who did it is written down, once: only what was there can be let through.
        #expect(scene.noted == [AuditEntry(.person, .release, .quarantine, "0000000000000abc", organization: nil)])
    }

    @Test(arguments: ["", "abc", "+000000000000abc", "0000000000000ABC", "0000000000000abcd", "000000000000000g"])
    func refusesWhatIsNoFingerprint(text: String) {
        let scene = Scene()
        scene.board.tell(0xABC, milliseconds: 600_000)
        #expect(scene.ask(.delete, text).0 == 404)
        #expect(scene.released == [] && scene.noted == [])
    }

    @Test func refusesOtherMethodsAndPaths() {
        let scene = Scene()
        #expect(scene.ask(.post).0 == 405)
        #expect(scene.ask(.get, "0000000000000abc").0 == 405)
        #expect(scene.ask(.delete, "0000000000000abc", "x").0 == 404)
    }
}
