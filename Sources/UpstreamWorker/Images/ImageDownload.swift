internal import Dialects
internal import HTTPClient

/// One image on its way, over as many redirections as may be.
final class ImageDownload: HTTPTransferDelegate {
    private static let redirections: Set<UInt16> = [301, 302, 303, 307, 308]

    /// It ends its downloads before it goes.
    private unowned let fetch: ImageFetch
    private let place: Int
    private var transfer: HTTPTransfer?
    private var host = ""
    private var redirected = 0
    private var status: UInt16 = 0
    private var type: ImageType?
    private var bytes: [UInt8] = []
    /// Bytes of a redirection.
    private var thrownAway = 0

    init(_ fetch: ImageFetch, place: Int) {
        self.fetch = fetch
        self.place = place
    }

    func start(_ url: ImageURL) {
        self.host = url.host
        self.transfer = self.fetch.transfer(url, self)
    }

    func cancel() {
        self.transfer?.cancel()
        self.transfer = nil
    }

    private var isRedirection: Bool { Self.redirections.contains(self.status) }
    private var limit: Int { self.fetch.limits.bytes }

    private func fail(_ fault: ImageFault) {
        self.fetch.fail(fault, at: self.place)
    }

    // MARK: What the client calls

    func requestGoesOut() {}

    func headReceived(_ head: HTTPResponseHead) {
        self.status = head.status
        guard !self.isRedirection else { return }
        guard (200...299).contains(head.status) else { return self.fail(.status(head.status, host: self.host)) }
        if let length = head.contentLength, length > UInt64(self.limit) {
            self.fail(.tooLarge(host: self.host, limit: self.limit))
        }
    }

    func received(_ piece: UnsafeRawBufferPointer) -> HTTPFlow {
        guard !self.isRedirection else {
            self.thrownAway += piece.count
            if self.thrownAway > self.fetch.limits.redirectionBytes { self.fail(.broken(host: self.host)) }
            return .proceed
        }
        guard piece.count <= self.limit - self.bytes.count else {
            self.fail(.tooLarge(host: self.host, limit: self.limit))
            return .proceed
        }
        guard self.fetch.take(piece.count) else { return .proceed }
        unsafe self.bytes.append(contentsOf: piece)
        // What is no image need not come whole.
        if self.type == nil, self.bytes.count >= ImageType.signature { self.recognize() }
        return .proceed
    }

    func finished(_ error: HTTPClientError?) {
        let next = self.transfer?.redirection
        self.transfer = nil
        if let error { return self.fail(self.fault(error)) }
        if self.isRedirection { return self.follow(next) }
        if self.type == nil { self.recognize() }
        guard let type = self.type else { return }
        self.fetch.fetched(
            FetchedImage(mediaType: Array(type.rawValue.utf8), bytes: self.bytes), at: self.place)
    }

    private func recognize() {
        self.type = ImageType(self.bytes)
        if self.type == nil { self.fail(.unknownType(host: self.host)) }
    }

    private func follow(_ next: String?) {
        guard let next else { return self.fail(.status(self.status, host: self.host)) }
        self.redirected += 1
        guard self.redirected <= self.fetch.limits.redirections else {
            return self.fail(.tooManyRedirections(host: self.host))
        }
        self.status = 0
        do throws(ImageFault) {
            self.start(try self.fetch.url(Array(next.utf8)))
        } catch {
            self.fail(.badRedirection(host: self.host))
        }
    }

    private func fault(_ error: HTTPClientError) -> ImageFault {
        switch error.kind {
        case .resolve, .forbiddenAddress: .noAddress(host: self.host)
        case .connect, .connectTimeout: .unreachable(host: self.host)
        case .tls: .tls(host: self.host)
        case .sendFailed, .resetBeforeReply, .resetInReply, .protocolViolation, .tooLarge, .aborted, .other:
            .broken(host: self.host)
        }
    }
}
