import Configuration
import Glibc
import HTTPClient

/// Which base URLs the API takes: those of the public Internet, over https.
///
/// Names are only looked at here where they can mean nothing else; what counts is the address that a connection is made to, and
/// `HTTPReach` looks at that one each time.
enum PublicURL {
    /// Why `baseURL` is not taken; nil where it is.
    static func objection(to baseURL: String) -> String? {
        guard let origin = ProviderOrigin(baseURL) else { return "expected a URL such as https://api.example.com/v1" }
        if let address = self.address(origin.host) {
            guard address.isPublic || (self.allowsLoopback && address.isLoopback) else {
                return "expected an address of the public Internet: a provider in a private network can be set in the "
                    + "configuration file only"
            }
        } else if origin.host == "localhost" || origin.host.hasSuffix(".localhost") {
            guard self.allowsLoopback else {
                return "expected a host of the public Internet: a provider on this machine can be set in the "
                    + "configuration file only"
            }
        }
        guard origin.isSecure || self.allowsLoopback else {
            return "expected https: keys and prompts do not cross the Internet in the clear"
        }
        return nil
    }

    /// The address that a host is in any of the forms that resolvers take: `127.0.0.1`, `127.1`, `2130706433`, `0x7f.1`, `::1`.
    private static func address(_ host: String) -> RemoteAddress? {
        var v4 = in_addr()
        if unsafe inet_aton(host, &v4) != 0 {
            return RemoteAddress.v4(UInt32(bigEndian: v4.s_addr))
        }
        var v6 = [UInt8](repeating: 0, count: 16)
        guard unsafe inet_pton(AF_INET6, host, &v6) == 1 else { return nil }
        return RemoteAddress(v6[...])
    }

    /// Tests have providers on this machine.
    static var allowsLoopback: Bool {
        #if SLUICE_TEST_HOOKS
        if let value = unsafe getenv("SLUICE_PROVIDERS"), unsafe String(cString: value) == "loopback" { return true }
        #endif
        return false
    }
}
