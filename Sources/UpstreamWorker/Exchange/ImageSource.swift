internal import Dialects
internal import Domain

/// Where the images of a request come from that a provider does not fetch by itself.
protocol ImageSource: AnyObject {
    /// Fetches what the URLs name, and calls `completion` once, on the worker's loop, with the images in their order, unless it is cancelled.
    func fetch(
        _ urls: [[UInt8]], completion: @escaping (Result<[FetchedImage], GatewayError>) -> Void
    ) -> any ImageFetching
}

/// A running fetch.
protocol ImageFetching: AnyObject {
    /// Ends it; nothing is called any more.
    func cancel()
}

/// No images are fetched.
final class NoImages: ImageSource {
    private final class Nothing: ImageFetching {
        func cancel() {}
    }

    func fetch(
        _ urls: [[UInt8]], completion: @escaping (Result<[FetchedImage], GatewayError>) -> Void
    ) -> any ImageFetching {
        completion(
            .failure(
                GatewayError(
                    code: "image_not_available", type: "invalid_request_error", status: 400, source: .client,
                    message: "The gateway cannot fetch images.")))
        return Nothing()
    }
}
