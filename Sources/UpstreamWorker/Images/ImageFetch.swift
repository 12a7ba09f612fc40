internal import Dialects
internal import Domain
internal import HTTPClient
internal import Platform

/// The images of one request on their way. It keeps itself alive until it is over.
final class ImageFetch {
    private let fetcher: ImageFetcher
    private var completion: ((Result<[FetchedImage], GatewayError>) -> Void)?
    private var downloads: [ImageDownload] = []
    private var images: [FetchedImage?] = []
    private var missing = 0
    /// Bytes of images that are here.
    private var bytes = 0
    /// The deadline; behind it, the call of `completion`.
    private var timer: LoopTimer?
    private var isDecided = false
    /// Which of the URLs is at fault; nil where no single one is.
    private(set) var faultyURL: Int?

    init(_ fetcher: ImageFetcher, _ completion: @escaping (Result<[FetchedImage], GatewayError>) -> Void) {
        self.fetcher = fetcher
        self.completion = completion
    }

    var limits: ImageLimits { self.fetcher.limits }

    func start(_ urls: [[UInt8]]) {
        guard urls.count <= self.limits.images else { return self.fail(.tooMany(self.limits.images), at: nil) }
        guard !urls.isEmpty else { return self.decide(.success([])) }
        self.images = Array(repeating: nil, count: urls.count)
        self.missing = urls.count
        var parsed: [ImageURL] = []
        for (place, url) in urls.enumerated() {
            do throws(ImageFault) {
                parsed.append(try self.url(url))
            } catch {
                return self.fail(error, at: place)
            }
        }
        self.timer = self.fetcher.loop.schedule(after: self.limits.time * 1_000_000) {
            self.fail(.tooSlow(milliseconds: self.limits.time), at: nil)
        }
        self.downloads = parsed.enumerated().map { ImageDownload(self, place: $0.offset) }
        for (download, url) in zip(self.downloads, parsed) { download.start(url) }
    }

    /// Ends it; nothing is called any more. Harmless when it is over.
    func cancel() {
        self.isDecided = true
        self.stop()
        self.end()
    }

    // MARK: For its downloads

    func url(_ bytes: [UInt8]) throws(ImageFault) -> ImageURL {
        try ImageURL(bytes, allowsPlain: self.fetcher.reach != .publicInternet)
    }

    /// What is called for an image, without anything that would be the gateway's or a provider's.
    func transfer(_ url: ImageURL, _ delegate: ImageDownload) -> HTTPTransfer {
        let settings = HTTPTarget.Settings(
            url: url.text, method: .get,
            headers: [
                "accept: image/png, image/jpeg, image/gif, image/webp", "accept-encoding: identity",
                "user-agent: sluice/\(SluiceVersion.current)",
            ].map { Array($0.utf8) }, reach: self.fetcher.reach,
            keepsConnections: false)
        return self.fetcher.client.start(
            HTTPTarget(settings, limit: self.fetcher.connections), delegate: delegate)
    }

    /// Makes room for a piece of an image; false when that failed, and everything is over.
    func take(_ count: Int) -> Bool {
        guard !self.isDecided else { return false }
        guard count <= self.limits.bytesTogether - self.bytes else {
            self.fail(.tooLargeTogether(limit: self.limits.bytesTogether), at: nil)
            return false
        }
        guard self.fetcher.take(count) else {
            self.fail(.outOfMemory, at: nil)
            return false
        }
        self.bytes += count
        return true
    }

    func fetched(_ image: FetchedImage, at place: Int) {
        guard !self.isDecided, self.images[place] == nil else { return }
        self.images[place] = image
        self.missing -= 1
        if self.missing == 0 { self.decide(.success(self.images.compactMap(\.self))) }
    }

    func fail(_ fault: ImageFault, at place: Int?) {
        guard !self.isDecided else { return }
        self.faultyURL = place
        self.decide(.failure(fault.error))
    }

    // MARK: The end

    private func decide(_ result: Result<[FetchedImage], GatewayError>) {
        self.isDecided = true
        self.stop()
        // Not from within a call of the client's, or of whoever has started this.
        self.timer = self.fetcher.loop.schedule(after: 0) {
            let completion = self.completion
            self.end()
            completion?(result)
        }
    }

    private func stop() {
        if let timer = self.timer { self.fetcher.loop.cancel(timer) }
        self.timer = nil
        let downloads = self.downloads
        self.downloads = []
        for download in downloads { download.cancel() }
    }

    private func end() {
        self.timer = nil
        self.completion = nil
        self.images = []
        self.fetcher.giveBack(self.bytes)
        self.bytes = 0
    }
}
