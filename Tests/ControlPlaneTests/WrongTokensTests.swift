import Testing

@testable import ControlPlane

@Suite struct WrongTokensTests {
    private func exhaust(_ table: inout WrongTokens, _ address: PeerAddress?, at now: UInt64) {
        for _ in 0..<WrongTokens.free { #expect(table.count(address, at: now) == .after(0)) }
    }

    @Test func anIPv6NetworkIsOneAddress() throws {
        var table = WrongTokens()
        for host in 0..<UInt64(WrongTokens.free) {
            #expect(table.count(PeerAddress(FakeClientAddress.v6(7, host)), at: 5) == .after(0))
        }
        #expect(table.count(PeerAddress(FakeClientAddress.v6(7, 99)), at: 5) == .after(WrongTokens.step))
        #expect(table.count(PeerAddress(FakeClientAddress.v6(8, 0)), at: 5) == .after(0))
        #expect(table.count == 2)
    }

    @Test func whoHasNoAddressIsOne() throws {
        var table = WrongTokens()
        self.exhaust(&table, nil, at: 5)
        #expect(table.count(nil, at: 5) == .after(WrongTokens.step))
        #expect(table.count(PeerAddress(FakeClientAddress.v4(1)), at: 5) == .after(0))
    }

    @Test func theTableIsBounded() throws {
        var table = WrongTokens()
        for network in 0..<UInt64(WrongTokens.capacity + 500) {
            _ = table.count(PeerAddress(FakeClientAddress.v6(network, 0)), at: 5)
        }
        #expect(table.count <= WrongTokens.capacity + 1)
        // What did not fit is counted together.
        #expect(table.count(PeerAddress(FakeClientAddress.v6(1 << 40, 0)), at: 5) != .after(0))
        // Old ones make room.
        let later = 5 + WrongTokens.window
        #expect(table.count(PeerAddress(FakeClientAddress.v6(1 << 41, 0)), at: later) == .after(0))
        #expect(table.count == 1)
    }

    @Test func aWindowEnds() throws {
        var table = WrongTokens()
        let address = PeerAddress(FakeClientAddress.v4(1))
        self.exhaust(&table, address, at: 5)
        #expect(table.count(address, at: 5) == .after(WrongTokens.step))
        self.exhaust(&table, address, at: 5 + WrongTokens.window)
    }

    @Test func addressesHaveTexts() throws {
        #expect(PeerAddress(FakeClientAddress.v4(9))?.text == "192.0.2.9")
        #expect(PeerAddress(FakeClientAddress.v6(0x2001_0DB8 << 32, 1))?.text == "2001:db8::1")
        #expect(PeerAddress([1, 2, 3]) == nil && PeerAddress([]) == nil)
    }
}
