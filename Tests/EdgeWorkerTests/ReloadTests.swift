import Domain
import IPC
import NIOCore
import Testing

@testable import EdgeWorker

@Suite struct ReloadTests {
    private func newer(_ version: UInt64) -> EdgeSettings {
        var snapshot = EdgeRig.snapshot
        snapshot.version = version
        snapshot.routes.aliases = [
            .init(name: Array("smart".utf8), targets: [Target(provider: 0, model: Array("other".utf8))])
        ]
        return EdgeSettings(snapshot)
    }

    @Test func aPlanIsMadeByTheNewestSettingsWhenTheBodyIsWhole() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try rig.client()
        let text = FakeClient.post(FakeClient.chat)
        try client.send(String(text.dropLast(5)))
        rig.core.use(self.newer(4))
        try client.send(String(text.suffix(5)))
        let request = try #require(try peer.request()).request
        #expect(request.snapshot == 4)
        #expect(request.calls.map { $0.target } == [Target(provider: 0, model: Array("other".utf8))])
    }

    @Test func settingsGoWithTheirLastRequest() throws {
        let rig = try EdgeRig()
        let peer = try rig.upstream()
        let client = try rig.client()
        try client.send(FakeClient.post(FakeClient.chat))
        let stream = try #require(try peer.request()).stream
        for version in UInt64(4)...9 { rig.core.use(self.newer(version)) }
        // The one in force and the request's own; those in between had none.
        rig.advance(.milliseconds(500))
        #expect(rig.core.metrics.snapshots == 2)
        try peer.answer(stream, "{}")
        #expect(try client.status() == 200)
        rig.advance(.milliseconds(500))
        #expect(rig.core.metrics.snapshots == 1)
        #expect(client.isOpen)
    }
}
