public import Domain

/// A request that waits for its images.
public struct PendingRequest {
    /// What the images are put into.
    enum Rest {
        /// A conversation that is to be written.
        case conversation(Conversation, TranslationContext, DialectReader)
        /// A body as it came, what changes about it anyway, and where its URLs are.
        case body([UInt8], splices: [BodySplice], holes: [Hole])
    }

    /// A URL in a body.
    struct Hole: Hashable {
        /// Where its JSON string stands.
        var range: Range<Int>
        /// Its index in `urls`.
        var url: Int
    }

    /// Bytes of the body with its images. A request may name one image as often as it likes, and each time takes the whole image.
    static let maximumBytes = 64 << 20

    /// What is to be fetched: http or https, as the client wrote it, each once.
    public let urls: [[UInt8]]
    private let rest: Rest

    init(urls: [[UInt8]], rest: Rest) {
        self.urls = urls
        self.rest = rest
    }

    /// The body to send, with `images` in the order of `urls`.
    public func body(_ images: [FetchedImage]) throws(GatewayError) -> [UInt8] {
        guard images.count == self.urls.count else { throw PendingRequest.lost }
        try self.checkSize(images)
        switch self.rest {
        case .conversation(let conversation, let context, let reader):
            var sources: [[UInt8]: BinarySource] = [:]
            for (url, image) in zip(self.urls, images) {
                sources[url] = .base64(mediaType: image.mediaType, data: Base64.encode(image.bytes))
            }
            return try RequestTranslator.family(
                conversation.replacingImages(sources), context, reader: reader)
        case .body(let body, var splices, let holes):
            let texts = images.map { image in
                [UInt8(ascii: "\"")] + OpenAIMessageWriter.dataURL(image.mediaType, Base64.encode(image.bytes))
                    + [UInt8(ascii: "\"")]
            }
            for hole in holes {
                splices.append(
                    BodySplice(
                        offset: hole.range.lowerBound, removed: hole.range.count, replacement: texts[hole.url]))
            }
            splices.sort { $0.offset < $1.offset }
            guard let result = BodySplice.apply(splices, to: body) else { throw PendingRequest.lost }
            return result
        }
    }

    /// Refuses what would become too long, before any of it is made.
    private func checkSize(_ images: [FetchedImage]) throws(GatewayError) {
        var room = PendingRequest.maximumBytes
        func take(_ image: FetchedImage) -> Bool {
            room -= image.bytes.count / 3 * 4 &+ image.mediaType.count &+ 64
            return room >= 0
        }
        let fits: Bool
        switch self.rest {
        case .body(let body, _, let holes):
            room -= body.count
            fits = holes.allSatisfy { take(images[$0.url]) }
        case .conversation(let conversation, _, _):
            let places = Dictionary(zip(self.urls, images), uniquingKeysWith: { first, _ in first })
            fits = conversation.allSatisfyImageURLs { url in places[url].map(take) ?? true }
        }
        guard fits else { throw PendingRequest.tooLarge }
    }

    private static let tooLarge = GatewayError(
        code: "request_too_large", type: "invalid_request_error", status: 413, source: .client,
        message: "The request is longer than \(PendingRequest.maximumBytes >> 20) MB with its images in it.")

    /// Cannot happen while the rest of the gateway keeps its word.
    private static let lost = GatewayError(
        code: "internal_error", type: "server_error", status: 500, source: .gateway,
        message: "The gateway could not put the request's images into it.")
}
