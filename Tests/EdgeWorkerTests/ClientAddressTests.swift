import Domain
import NIOCore
import Testing

@testable import EdgeWorker

/// Who sends a request, as limits count it.
@Suite struct ClientAddressTests {
    private func address(_ text: String) -> ClientAddress? {
        unsafe Array(text.utf8).withUnsafeBytes { unsafe ClientAddress(text: $0) }
    }

    private func v4(_ a: UInt64, _ b: UInt64, _ c: UInt64, _ d: UInt64) -> ClientAddress {
        ClientAddress(high: 0, low: 0xFFFF << 32 | a << 24 | b << 16 | c << 8 | d)
    }

    @Test func textOfAddresses() throws {
        #expect(self.address("192.0.2.255") == self.v4(192, 0, 2, 255))
        #expect(self.address("192.0.2.1:8080") == self.v4(192, 0, 2, 1))
        #expect(self.address("0.0.0.0") == self.v4(0, 0, 0, 0))
        #expect(self.address("::") == ClientAddress(high: 0, low: 0))
        #expect(self.address("::1")?.isLoopback == true)
        let full = ClientAddress(high: 0x2001_0DB8_0001_0002, low: 0x0003_0004_0005_0006)
        #expect(self.address("2001:db8:1:2:3:4:5:6") == full)
        #expect(self.address("2001:0DB8:0001:0002:0003:0004:0005:0006") == full)
        #expect(self.address("[2001:db8:1:2:3:4:5:6]:443") == full && self.address("[2001:db8:1:2:3:4:5:6]") == full)
        #expect(self.address("2001:db8::") == ClientAddress(high: 0x2001_0DB8_0000_0000, low: 0))
        #expect(self.address("2001:db8::7") == ClientAddress(high: 0x2001_0DB8_0000_0000, low: 7))
        #expect(self.address("1::2:3:4:5:6:7")?.high == 0x0001_0000_0002_0003)
        #expect(self.address("::2:3:4:5:6:7:8")?.high == 0x0000_0002_0003_0004)
        #expect(self.address("1:2:3:4:5:6:7::")?.low == 0x0005_0006_0007_0000)
        // IPv4 in IPv6's clothes is IPv4.
        #expect(self.address("::ffff:192.0.2.1") == self.v4(192, 0, 2, 1))
        #expect(self.address("::FFFF:c000:0201") == self.v4(192, 0, 2, 1))
        #expect(self.address("64:ff9b::192.0.2.1")?.low == 0xC000_0201)
    }

    @Test(arguments: [
        "", " ", "unknown", "1.2.3", "1.2.3.4.5", "1.2.3.256", "01.2.3.4", "1.2.3.04", "1.2.3.", ".1.2.3", "1..2.3",
        "1.2.3.4:", "1.2.3.4:x", "1.2.3.4:1234567", "1.2.3.4 ", "-1.2.3.4", ":", ":::", "1:2:3:4:5:6:7", "1::2::3",
        "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "12345::", "g::", "fe80::1%eth0", "[::1", "[]",
        "[::1]x", "[::1]:", "[::1]:x", "::1.2.3", "::1.2.3.4:5", "1.2.3.4::", ":1", "1:", "1:2:3:4:5:6:7:1.2.3.4",
        "[1.2.3.4]", "::ffff:1.2.3.999", "_hidden",
    ])
    func nonsense(_ text: String) {
        #expect(self.address(text) == nil)
    }

    @Test func whatIsCountedTogether() throws {
        let one = try #require(self.address("2001:db8:1:2::1"))
        let other = try #require(self.address("2001:db8:1:2:ffff:ffff:ffff:ffff"))
        let stranger = try #require(self.address("2001:db8:1:3::1"))
        #expect(one != other && one.counted == other.counted && one.counted != stranger.counted)
        #expect(self.v4(192, 0, 2, 1).counted == 0x0000_FFFF_C000_0201)
        #expect(self.v4(192, 0, 2, 1).counted != self.v4(192, 0, 2, 2).counted)
        // Nobody comes from an IPv6 network that looks like a marked IPv4 address.
        #expect(self.address("0:ffff:c000:201::1")?.isIPv4 == false)
    }

    @Test func peers() throws {
        #expect(ClientAddress(try SocketAddress(ipAddress: "192.0.2.1", port: 9)) == self.v4(192, 0, 2, 1))
        #expect(ClientAddress(try SocketAddress(ipAddress: "::ffff:192.0.2.1", port: 9)) == self.v4(192, 0, 2, 1))
        #expect(
            ClientAddress(try SocketAddress(ipAddress: "2001:db8::5", port: 9))
                == ClientAddress(high: 0x2001_0DB8_0000_0000, low: 5))
        #expect(ClientAddress(try SocketAddress(unixDomainSocketPath: "/x")) == nil)
    }

    // MARK: Proxies

    private let proxies = TrustedProxies([
        .init(network: [10, 1, 2, 3], prefixLength: 8), .init(network: [127, 0, 0, 1], prefixLength: 32),
        .init(network: [0xFD] + [UInt8](repeating: 0, count: 15), prefixLength: 8),
    ])

    private func client(_ peer: String?, _ forwardedFor: String?) -> ClientAddress? {
        self.proxies.client(peer: peer.flatMap { self.address($0) }, forwardedFor: forwardedFor)
    }

    @Test func onlyTrustedPeersSayWhoAsks() {
        #expect(self.client("192.0.2.1", "198.51.100.1") == self.v4(192, 0, 2, 1))
        #expect(self.client("11.0.0.1", "198.51.100.1") == self.v4(11, 0, 0, 1))
        #expect(self.client("127.0.0.2", "198.51.100.1") == self.v4(127, 0, 0, 2))
        #expect(self.client("10.9.9.9", "198.51.100.1") == self.v4(198, 51, 100, 1))
        #expect(self.client("::ffff:10.9.9.9", "198.51.100.1") == self.v4(198, 51, 100, 1))
        #expect(self.client("fd12::1", "2001:db8::9")?.low == 9)
        #expect(self.client("10.9.9.9", nil) == self.v4(10, 9, 9, 9))
        // Over a Unix socket.
        #expect(self.client(nil, nil) == nil)
        #expect(self.client(nil, "198.51.100.1") == self.v4(198, 51, 100, 1))
    }

    @Test func theRightmostStrangerCounts() {
        #expect(self.client("10.0.0.1", "192.0.2.7, 198.51.100.1") == self.v4(198, 51, 100, 1))
        #expect(self.client("10.0.0.1", "192.0.2.7,198.51.100.1 ,\t10.3.3.3,127.0.0.1") == self.v4(198, 51, 100, 1))
        #expect(self.client("10.0.0.1", "198.51.100.1:4711, 10.3.3.3") == self.v4(198, 51, 100, 1))
        // All of them are proxies: the first one is who asks.
        #expect(self.client("10.0.0.1", "10.0.0.3, 10.0.0.2") == self.v4(10, 0, 0, 3))
        // What is no address hides everything to its left.
        #expect(self.client("10.0.0.1", "198.51.100.1, unknown") == self.v4(10, 0, 0, 1))
        #expect(self.client("10.0.0.1", "198.51.100.1, unknown, 10.0.0.2") == self.v4(10, 0, 0, 2))
        #expect(self.client("10.0.0.1", "198.51.100.1,") == self.v4(10, 0, 0, 1))
        #expect(self.client("10.0.0.1", "") == self.v4(10, 0, 0, 1))
    }

    @Test func rangesOfAllLengths() {
        func contains(_ network: [UInt8], _ length: UInt8, _ text: String) -> Bool {
            self.address(text).map { TrustedProxies([.init(network: network, prefixLength: length)]).contains($0) }
                ?? false
        }
        #expect(contains([0, 0, 0, 0], 0, "203.0.113.9") && !contains([0, 0, 0, 0], 0, "2001:db8::1"))
        #expect(contains([203, 0, 113, 8], 31, "203.0.113.9") && !contains([203, 0, 113, 8], 31, "203.0.113.10"))
        let network: [UInt8] = [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 12)
        #expect(contains(network, 64, "2001:db8::1") && !contains(network, 65, "2001:db8::8000:0:0:1"))
        #expect(contains(network, 65, "2001:db8::7fff:0:0:1") && contains(network, 128, "2001:db8::"))
        #expect(!contains(network, 128, "2001:db8::1") && !contains([10, 0], 8, "10.0.0.1"))
        #expect(!contains([10, 0, 0, 0], 33, "10.0.0.0"))
        #expect(contains([UInt8](repeating: 0, count: 16), 0, "192.0.2.1"))
    }
}
