internal import Dialects
internal import Domain
internal import HTTPClient
internal import Platform

#if SLUICE_TEST_HOOKS
internal import Glibc
#endif

/// Fetches images that requests name by their URLs, for providers that fetch none.
///
/// URLs come from clients, so nothing of the gateway's own goes along (no key, no header of a provider, no proxy), and connections
/// go to addresses of the public Internet only (`HTTPReach`). Lives on the worker's loop.
final class ImageFetcher {
    let loop: EpollLoop
    let client: HTTPClient
    let limits: ImageLimits
    let reach: HTTPReach
    let connections: HTTPConnectionLimit
    /// Bytes of images that are held.
    private(set) var held = 0

    init(
        loop: EpollLoop, client: HTTPClient, limits: ImageLimits = ImageLimits(),
        reach: HTTPReach = ImageFetcher.defaultReach
    ) {
        self.loop = loop
        self.client = client
        self.limits = limits
        self.reach = reach
        self.connections = HTTPConnectionLimit(maximum: limits.connections)
    }

    /// Fetches what `urls` name, and calls `completion` once, on the loop, with the images in their order. It is never called from
    /// within this call, nor after `ImageFetch.cancel`.
    func fetch(
        _ urls: [[UInt8]], completion: @escaping (Result<[FetchedImage], GatewayError>) -> Void
    ) -> ImageFetch {
        let fetch = ImageFetch(self, completion)
        fetch.start(urls)
        return fetch
    }

    /// Takes memory for so many bytes more, or says no.
    func take(_ bytes: Int) -> Bool {
        guard bytes <= self.limits.bytesOfWorker - self.held else { return false }
        self.held += bytes
        return true
    }

    func giveBack(_ bytes: Int) {
        self.held -= bytes
    }

    /// The public Internet. Tests say in their environment that servers of theirs may be used.
    static var defaultReach: HTTPReach {
        #if SLUICE_TEST_HOOKS
        if let value = unsafe getenv("SLUICE_IMAGES"), unsafe String(cString: value) == "loopback" {
            return .publicInternetOrLoopback
        }
        #endif
        return .publicInternet
    }
}
