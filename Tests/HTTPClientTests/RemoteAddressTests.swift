import Glibc
import HTTPClient
import Testing

/// Which addresses are the public Internet's: for each range of the table its first and last address, and the neighbours.
@Suite struct RemoteAddressTests {
    /// As the kernel reads it.
    private func address(_ text: String) throws -> RemoteAddress {
        let isIPv6 = text.contains(":")
        var bytes = [UInt8](repeating: 0, count: isIPv6 ? 16 : 4)
        try #require(unsafe inet_pton(isIPv6 ? AF_INET6 : AF_INET, text, &bytes) == 1, "\(text)")
        return try #require(RemoteAddress(bytes[...]))
    }

    @Test(arguments: [
        "0.0.0.0", "0.0.0.1", "0.255.255.255", "10.0.0.0", "10.0.0.1", "10.255.255.255", "100.64.0.0",
        "100.100.100.200",
        "100.127.255.255", "127.0.0.0", "127.0.0.1", "127.255.255.255", "168.63.129.16", "169.254.0.0",
        "169.254.169.254", "169.254.255.255", "172.16.0.0", "172.17.0.1", "172.31.255.255", "192.0.0.0", "192.0.0.192",
        "192.0.0.255", "192.0.2.0", "192.0.2.255", "192.88.99.0", "192.88.99.255", "192.168.0.0", "192.168.1.1",
        "192.168.255.255", "198.18.0.0", "198.19.255.255", "198.51.100.0", "198.51.100.255", "203.0.113.0",
        "203.0.113.255", "224.0.0.0", "239.255.255.255", "240.0.0.0", "255.255.255.254", "255.255.255.255",
        // IPv6: unspecified, loopback, IPv4 in it (compatible, mapped, translated), discard-only, local NAT64, Teredo, ORCHID,
        // benchmarks, documentation, 6to4, segment routing, unique local, link-local, site-local, multicast, never given out.
        "::", "::1", "::2", "::8.8.8.8", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8",
        "::ffff:169.254.169.254", "::ffff:0:8.8.8.8", "100::", "100::ffff", "64:ff9b:1::", "64:ff9b:1::808:808",
        "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", "2001::", "2001:0:808:808::", "2001:2::", "2001:10::", "2001:20::",
        "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2002::",
        "2002:7f00:1::", "2002:a00:1::", "2002:808:808::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff::",
        "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "5f00::", "fc00::", "fd00:ec2::254", "fd20:ce::254",
        "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "fe80::", "fe80::1", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        "fec0::", "feff::1", "ff00::", "ff02::1", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "4000::", "8000::",
        "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
        // NAT64 of what is not public, and what is no NAT64 address.
        "64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b::a9fe:a9fe", "64:ff9b::c0a8:101", "64:ff9b::",
        "64:ff9b::ffff:ffff",
        "64:ff9b::1:808:808", "64:ff9b:0:0:1:0:808:808", "64:ff9a::808:808", "64:ff9c::808:808",
    ])
    func isNotPublic(_ text: String) throws {
        #expect(try !self.address(text).isPublic)
    }

    @Test(arguments: [
        "1.0.0.0", "1.1.1.1", "8.8.8.8", "9.255.255.255", "11.0.0.0", "100.63.255.255", "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0", "168.63.129.15", "168.63.129.17", "169.253.255.255", "169.255.0.0", "172.15.255.255", "172.32.0.0",
        "191.255.255.255", "192.0.1.0", "192.0.3.0", "192.88.98.255", "192.88.100.0", "192.167.255.255", "192.169.0.0",
        "198.17.255.255", "198.20.0.0", "198.51.99.255", "198.51.101.0", "203.0.112.255", "203.0.114.0",
        "223.255.255.255", "2000::", "2001:200::", "2001:4860:4860::8888", "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
        "2001:db9::", "2003::1", "2606:4700:4700::1111", "2a00:1450:4001:80b::200e", "3ffe:ffff::1", "3fff:1000::",
        "64:ff9b::808:808", "64:ff9b::101:101",
    ])
    func isPublic(_ text: String) throws {
        #expect(try self.address(text).isPublic)
        #expect(try !self.address(text).isLoopback)
    }

    @Test func loopbackIsOnlyItself() throws {
        for text in ["127.0.0.1", "127.255.255.255", "::1"] { #expect(try self.address(text).isLoopback) }
        for text in ["126.255.255.255", "128.0.0.0", "::", "::2", "1::1", "::ffff:127.0.0.1", "::127.0.0.1"] {
            #expect(try !self.address(text).isLoopback)
        }
    }

    /// Another number of bytes is no address.
    @Test(arguments: [0, 1, 3, 5, 8, 15, 17]) func anOddLengthIsNone(_ count: Int) {
        #expect(RemoteAddress([UInt8](repeating: 8, count: count)[...]) == nil)
    }
}
