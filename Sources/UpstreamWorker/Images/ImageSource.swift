internal import Dialects
internal import Domain

/// Where the images of a request come from that a provider does not fetch by itself.
protocol ImageSource: AnyObject {
    /// Fetches what `urls` name, and calls `completion` once, on the worker's loop, with the images in their order, unless it
    /// is cancelled before.
    func fetchImages(
        _ urls: [[UInt8]], completion: @escaping (Result<[FetchedImage], GatewayError>) -> Void
    ) -> any ImageFetching
}

/// A running fetch.
protocol ImageFetching: AnyObject {
    /// Ends it; nothing is called any more.
    func cancel()
}

extension ImageFetcher: ImageSource {
    func fetchImages(
        _ urls: [[UInt8]], completion: @escaping (Result<[FetchedImage], GatewayError>) -> Void
    ) -> any ImageFetching {
        self.fetch(urls, completion: completion)
    }
}

extension ImageFetch: ImageFetching {}
