internal import Domain
internal import HTTPClient

#if SLUICE_TEST_HOOKS
internal import Glibc
#endif

extension HTTPReach {
    /// Where connections to a provider may go. Tests say in their environment that servers of theirs may be used.
    init(_ reach: ProviderReach) {
        switch reach {
        case .anywhere: self = .anywhere
        case .publicInternet:
            self = .publicInternet
            #if SLUICE_TEST_HOOKS
            if let value = unsafe getenv("SLUICE_PROVIDERS"), unsafe String(cString: value) == "loopback" {
                self = .publicInternetOrLoopback
            }
            #endif
        }
    }
}
