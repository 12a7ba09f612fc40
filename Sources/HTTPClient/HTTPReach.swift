/// Which addresses a target may be found at. What counts is the address that a connection is made to, whatever names and
/// resolvers said before.
public enum HTTPReach: Hashable, Sendable {
    /// All: an operator has written the URL.
    case anywhere
    /// Somebody else has: addresses of the public Internet over https. Connections are kept for targets of the same reach alone, so
    /// that none is used that others were allowed to make. No proxy, as it would be the one who connects; no user name in the URL;
    /// no redirection is followed.
    case publicInternet
    /// The same, and this machine's loopback, also over http. For tests.
    case publicInternetOrLoopback

    func admits(_ address: RemoteAddress) -> Bool {
        switch self {
        case .anywhere: true
        case .publicInternet: address.isPublic
        case .publicInternetOrLoopback: address.isPublic || address.isLoopback
        }
    }

    /// The schemes, in libcurl's words.
    var protocols: String { self == .publicInternet ? "https" : "http,https" }
}
