internal import Domain

/// Why an image that a request names by its URL is not fetched.
enum ImageFault: Error, Hashable {
    case tooMany(Int)
    case noURL
    case notSecure
    case longURL
    case userInURL
    /// The host has no address, or none that the gateway connects to for clients. Which of the two is not said: names of inside
    /// networks are nobody's business.
    case noAddress(host: String)
    case unreachable(host: String)
    case tls(host: String)
    case broken(host: String)
    case status(UInt16, host: String)
    case tooManyRedirections(host: String)
    case badRedirection(host: String)
    case tooLarge(host: String, limit: Int)
    case tooLargeTogether(limit: Int)
    case unknownType(host: String)
    case tooSlow(milliseconds: UInt64)
    /// The worker holds as many images as it may.
    case outOfMemory

    /// What the client is told; `param` is for whoever knows where in the request the URL stands.
    var error: GatewayError {
        if case .outOfMemory = self {
            return GatewayError(
                code: "gateway_unavailable", type: "server_error", status: 503, source: .gateway, retry: .later,
                message: "The gateway has too many images in memory; please try again.")
        }
        return GatewayError(
            code: "invalid_image_url", type: "invalid_request_error", status: 400, source: .client,
            message: self.message)
    }

    private var message: String {
        switch self {
        case .tooMany(let limit):
            "The request names too many images by URL: the gateway fetches at most \(limit) for this provider."
        case .noURL: "This is no URL of an image: expected https://, a host and a path, without blanks."
        case .notSecure: "Images are fetched by https:// only."
        case .longURL: "The URL of the image is longer than \(ImageURL.longest) bytes."
        case .userInURL: "The URL of the image must not have a user name in it."
        case .noAddress(let host): "The image cannot be fetched: \(host) has no address on the public Internet."
        case .unreachable(let host): "The image cannot be fetched: \(host) does not accept connections."
        case .tls(let host): "The image cannot be fetched: no trusted TLS connection to \(host) could be made."
        case .broken(let host): "The image cannot be fetched: \(host) did not send it whole."
        case .status(let status, let host): "The image cannot be fetched: \(host) answered with status \(status)."
        case .tooManyRedirections(let host): "The image cannot be fetched: \(host) sends on too many times."
        case .badRedirection(let host): "The image cannot be fetched: \(host) sends on to what is no https:// URL."
        case .tooLarge(let host, let limit): "The image of \(host) is larger than \(Self.megabytes(limit))."
        case .tooLargeTogether(let limit):
            "The images of the request are larger than \(Self.megabytes(limit)) together."
        case .unknownType(let host): "What \(host) sent is no PNG, JPEG, GIF or WebP image."
        case .tooSlow(let milliseconds): "The images could not be fetched within \(milliseconds / 1000) seconds."
        case .outOfMemory: ""
        }
    }

    private static func megabytes(_ bytes: Int) -> String {
        bytes >= 1 << 20 ? "\(bytes >> 20) MB" : "\(bytes) bytes"
    }
}
