internal import CCurl
internal import Glibc

/// One libcurl easy handle with everything that does not change from request to request already set. Used for one transfer
/// at a time and then again: options are never reset.
// SAFETY: `easy` is made in `init` and cleaned up once in `deinit`. libcurl knows this object by an unretained pointer; it is
// only called back while the handle is in `HTTPClient.running`, which retains it.
@safe
final class EasyHandle {
    /// Bodies above this are sent through a larger buffer, in fewer system calls. libcurl sends smaller ones together with
    /// the head (its limit is the same 64 KiB), without this buffer.
    private static let largeBody = 64 << 10
    /// Bodies above this may be announced with `Expect` by libcurl (its own bound is 1 MiB).
    private static let expectBody = 512 << 10
    private static let headerCapacity = 256

    /// Whether what is done behind libcurl's back suits the version in use (`RequestPreamble`).
    static let isVersionKnown: Bool = sluice_curl_version() >> 8 == 0x0758

    let easy: UnsafeMutableRawPointer
    /// It keeps this handle while idle, and the transfer keeps it while running.
    unowned let target: HTTPTarget
    let sockets: SocketTable
    /// The one header line that differs from request to request stands in front of the target's list.
    private let node: UnsafeMutablePointer<curl_slist>
    private let line: UnsafeMutablePointer<CChar>
    /// Further lines of the running transfer, in front of the target's list; nil for most. Kept until the next one begins, as libcurl
    /// knows them until then.
    private var further: CurlHeaderList?
    /// libcurl has what it needs of the head of the running transfer.
    private var hasHead = true
    /// The head of the running transfer, where it is not libcurl that writes it.
    private var preamble: [UInt8] = []
    private var hasLargeBuffer = false
    private var isForNewConnection = false
    private(set) var parser = HTTPHeadParser(limit: HTTPClient.maximumHead)
    private var receivedAny = false
    /// What libcurl had counted as sent when the request went out; nil before it does.
    private var sentBefore: Int?
    private var pauseWanted = false
    private var isPaused = false
    /// Set by a callback that makes libcurl end the transfer, where libcurl's own code says less.
    private var fault: HTTPClientError.Kind?
    /// libcurl only makes the connection, a new one each time; the request goes out on it when it is ours.
    private let onlyConnects: Bool
    /// Connections may not go everywhere.
    private let isGuarded: Bool
    /// A connection would have gone where the target may not be found.
    private var metForbiddenAddress = false
    /// libcurl wanted to send the request again by itself, as the kept connection it had gone out on was dead.
    private var wantedAgain = false
    private(set) var transfer: HTTPTransfer?
    /// Its place in `HTTPClient.running`.
    var place = -1

    init?(target: HTTPTarget, sockets: SocketTable) {
        guard let easy = unsafe curl_easy_init() else { return nil }
        unsafe self.easy = unsafe easy
        self.target = target
        self.sockets = sockets
        self.isGuarded = target.settings.reach != .anywhere
        self.onlyConnects = target.ownHead != nil
        unsafe self.line = .allocate(capacity: EasyHandle.headerCapacity)
        unsafe self.node = .allocate(capacity: 1)
        unsafe self.node.initialize(to: curl_slist(data: self.line, next: target.headers.first))
        self.prepare()
    }

    deinit {
        unsafe curl_easy_cleanup(self.easy)
        unsafe self.node.deallocate()
        unsafe self.line.deallocate()
    }

    // MARK: Options

    private func prepare() {
        let settings = self.target.settings
        let own = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe self.set(CURLOPT_PRIVATE, own)
        if let url = self.target.url {
            unsafe self.set(CURLOPT_CURLU, UnsafeMutableRawPointer(url.pointer))
        } else {
            // It will say what is wrong with it.
            self.set(CURLOPT_URL, settings.url)
        }
        self.set(CURLOPT_NOSIGNAL, 1)
        self.set(CURLOPT_NOPROGRESS, 1)
        self.set(settings.method == .post ? CURLOPT_POST : CURLOPT_HTTPGET, 1)
        // Where a request may go and whom it trusts.
        self.set(CURLOPT_PROTOCOLS_STR, settings.reach.protocols)
        self.set(CURLOPT_FOLLOWLOCATION, 0)
        self.set(CURLOPT_SSL_VERIFYPEER, 1)
        self.set(CURLOPT_SSL_VERIFYHOST, 2)
        if let file = settings.caFile { self.set(CURLOPT_CAINFO, file) }
        self.set(CURLOPT_PROXY, self.isGuarded ? "" : settings.proxy ?? "")
        if self.isGuarded { self.set(CURLOPT_DISALLOW_USERNAME_IN_URL, 1) }
        if !settings.keepsConnections { self.set(CURLOPT_FORBID_REUSE, 1) }
        if !settings.resolutions.isEmpty {
            _ = unsafe sluice_curl_set_list(self.easy, CURLOPT_RESOLVE, self.target.resolutions.firstWithoutExpect)
        }
        self.set(CURLOPT_NOPROXY, "")
        // A proxy's answer to CONNECT is not the reply.
        self.set(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1)
        self.set(CURLOPT_NETRC, 0)
        // How.
        self.set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        self.set(CURLOPT_TCP_NODELAY, 1)
        self.set(CURLOPT_TCP_KEEPALIVE, 1)
        self.set(CURLOPT_DNS_CACHE_TIMEOUT, 60)
        // Or a transfer that ends while its name is being resolved waits for the resolver's thread, and the whole loop with it:
        // measured, five seconds in one call behind a name server that does not answer.
        self.set(CURLOPT_QUICK_EXIT, 1)
        self.set(CURLOPT_CONNECTTIMEOUT_MS, Int(clamping: max(1, settings.connectTimeout)))
        if self.onlyConnects {
            self.set(CURLOPT_CONNECT_ONLY, 1)
            self.set(CURLOPT_FRESH_CONNECT, 1)
        }
        self.set(CURLOPT_BUFFERSIZE, 8 << 10)
        self.set(CURLOPT_UPLOAD_BUFFERSIZE, 16 << 10)
        // Callbacks.
        unsafe self.set(CURLOPT_HEADERDATA, own)
        unsafe self.set(CURLOPT_WRITEDATA, own)
        _ = unsafe sluice_curl_set_data_function(self.easy, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
            guard let context = unsafe context, let bytes = unsafe bytes else { return 0 }
            let handle = unsafe Unmanaged<EasyHandle>.fromOpaque(context).takeUnretainedValue()
            return unsafe handle.readHead(UnsafeRawBufferPointer(start: bytes, count: size &* count))
        }
        _ = unsafe sluice_curl_set_data_function(self.easy, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
            guard let context = unsafe context, let bytes = unsafe bytes else { return 0 }
            let handle = unsafe Unmanaged<EasyHandle>.fromOpaque(context).takeUnretainedValue()
            return unsafe handle.readBody(UnsafeRawBufferPointer(start: bytes, count: size &* count))
        }
        unsafe self.set(CURLOPT_PREREQDATA, own)
        _ = unsafe sluice_curl_set_prepare_function(self.easy) { context, _, _, _, _ in
            guard let context = unsafe context else { return CURL_PREREQFUNC_ABORT }
            let handle = unsafe Unmanaged<EasyHandle>.fromOpaque(context).takeUnretainedValue()
            return handle.goesOut() ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT
        }
        self.sockets.install(on: self)
    }

    private func set(_ option: CURLoption, _ value: Int) {
        _ = unsafe sluice_curl_set_number(self.easy, option, value)
    }

    private func set(_ option: CURLoption, _ value: String) {
        _ = unsafe sluice_curl_set_string(self.easy, option, value)
    }

    private func set(_ option: CURLoption, _ value: UnsafeMutableRawPointer) {
        _ = unsafe sluice_curl_set_pointer(self.easy, option, value)
    }

    // MARK: One transfer

    /// Sets what is the transfer's own.
    func begin(_ transfer: HTTPTransfer) {
        self.transfer = transfer
        self.parser.reset()
        self.receivedAny = false
        self.pauseWanted = false
        self.isPaused = false
        self.fault = nil
        self.sentBefore = nil
        self.wantedAgain = false
        self.metForbiddenAddress = false
        guard !self.onlyConnects else { return }
        let needsNewConnection = transfer.needsNewConnection || !self.target.settings.keepsConnections
        if needsNewConnection != self.isForNewConnection {
            self.isForNewConnection = needsNewConnection
            self.set(CURLOPT_FRESH_CONNECT, self.isForNewConnection ? 1 : 0)
        }
        self.setHeaders(transfer)
        self.setBody(transfer)
    }

    private func setHeaders(_ transfer: HTTPTransfer) {
        let unique = transfer.uniqueHeader
        let isAnnounced = transfer.body.count > EasyHandle.expectBody
        let list = self.target.headers
        if let preamble = self.target.preamble {
            preamble.write(unique, transfer.headers, to: &self.preamble)
            // SAFETY: NUL is behind it, and libcurl copies it.
            unsafe self.preamble.withUnsafeBytes { text in
                let code = unsafe sluice_curl_set_bytes(self.easy, CURLOPT_REQUEST_TARGET, text.baseAddress)
                // Without memory for it the request would go out without its host and key.
                self.hasHead = code == CURLE_OK
            }
            let lines = unsafe isAnnounced ? list.first : list.firstWithoutExpect
            _ = unsafe sluice_curl_set_list(self.easy, CURLOPT_HTTPHEADER, lines)
            return
        }
        var headers = unsafe isAnnounced ? list.first : list.firstWithoutExpect
        let before = self.further
        if transfer.headers.isEmpty {
            self.further = nil
        } else {
            let further = unsafe CurlHeaderList(transfer.headers, before: headers)
            self.further = further
            unsafe headers = further.first
        }
        defer { withExtendedLifetime(before) {} }
        if unique.isEmpty || unique.count >= EasyHandle.headerCapacity || !CurlHeaderList.isLine(unique) {
            _ = unsafe sluice_curl_set_list(self.easy, CURLOPT_HTTPHEADER, headers)
        } else {
            for index in 0..<unique.count { unsafe self.line[index] = CChar(bitPattern: unique[index]) }
            unsafe self.line[unique.count] = 0
            unsafe self.node.pointee.next = headers
            _ = unsafe sluice_curl_set_list(self.easy, CURLOPT_HTTPHEADER, self.node)
        }
    }

    private func setBody(_ transfer: HTTPTransfer) {
        guard self.target.settings.method == .post else { return }
        let large = transfer.body.count > EasyHandle.largeBody
        if large != self.hasLargeBuffer {
            self.hasLargeBuffer = large
            self.set(CURLOPT_UPLOAD_BUFFERSIZE, large ? 256 << 10 : 16 << 10)
        }
        _ = unsafe sluice_curl_set_offset(self.easy, CURLOPT_POSTFIELDSIZE_LARGE, Int64(transfer.body.count))
        // SAFETY: libcurl reads the body in place until the transfer ends. An array is native storage on the heap, which
        // neither moves nor changes while `transfer` holds it, and `transfer` never mutates it. Shared bytes stay mapped while
        // `transfer` holds them. An empty array has no storage of its own; then any non-null pointer will do.
        unsafe transfer.body.withUnsafeBytes {
            let start = unsafe $0.count == 0 ? UnsafeRawPointer(self.line) : $0.baseAddress
            _ = unsafe sluice_curl_set_bytes(self.easy, CURLOPT_POSTFIELDS, start)
        }
    }

    /// Whether any byte of the request has gone out.
    var sentAny: Bool {
        guard let before = self.sentBefore else { return false }
        return unsafe sluice_curl_get_number(self.easy, CURLINFO_REQUEST_SIZE) > before
    }

    /// Lets go of the transfer and says how it ended.
    func end(_ code: CURLcode) -> HTTPClientError? {
        let sentAny = self.transfer?.sentAny ?? self.sentAny
        if self.target.settings.tellsRedirections || self.isGuarded, code == CURLE_OK {
            self.transfer?.redirection = self.redirection
        }
        self.transfer = nil
        guard code != CURLE_OK else {
            guard !self.parser.isComplete else { return nil }
            return HTTPClientError(kind: self.receivedAny ? .resetInReply : .protocolViolation, sentAny: true)
        }
        if self.wantedAgain {
            return HTTPClientError(kind: .resetBeforeReply, sentAny: sentAny, metDeadConnection: true)
        }
        if let fault = self.fault { return HTTPClientError(kind: fault, sentAny: sentAny, code: code.rawValue) }
        // libcurl reports a head line above its own bound as memory it did not get.
        if code == CURLE_OUT_OF_MEMORY && !self.parser.isComplete && sentAny {
            return HTTPClientError(kind: .tooLarge, sentAny: true, code: code.rawValue)
        }
        if self.metForbiddenAddress && code == CURLE_COULDNT_CONNECT {
            return HTTPClientError(kind: .forbiddenAddress, sentAny: false)
        }
        var error = HTTPClientError(code, receivedAny: self.receivedAny, sentAny: sentAny)
        error.metDeadConnection = self.metDeadConnection(code)
        return error
    }

    /// Whether the transfer failed because the kept connection it was given had already been closed by the server.
    ///
    /// libcurl tries again by itself in that case (`wantedAgain`), but it counts its tries over the whole life of a handle
    /// and gives up at each sixth.
    private func metDeadConnection(_ code: CURLcode) -> Bool {
        guard code == CURLE_RECV_ERROR || code == CURLE_SEND_ERROR || code == CURLE_GOT_NOTHING else { return false }
        guard !self.receivedAny else { return false }
        return unsafe sluice_curl_get_number(self.easy, CURLINFO_NUM_CONNECTS) == 0
    }

    /// Where the reply that has ended sends whoever asked, as a whole URL; nil when it does not.
    private var redirection: String? {
        guard let text = unsafe sluice_curl_get_string(self.easy, CURLINFO_REDIRECT_URL) else { return nil }
        return unsafe String(cString: text)
    }

    /// Whose libcurl handle that is.
    static func of(_ easy: UnsafeMutableRawPointer) -> EasyHandle? {
        guard let context = unsafe sluice_curl_get_private(easy) else { return nil }
        return unsafe Unmanaged<EasyHandle>.fromOpaque(context).takeUnretainedValue()
    }

    /// Lets go of a cancelled transfer.
    func drop() {
        self.transfer = nil
    }

    func resume(on client: HTTPClient) {
        self.pauseWanted = false
        guard self.isPaused else { return }
        self.isPaused = false
        client.unpause(self)
    }

    // MARK: What libcurl calls

    /// Whether the request may go out, on a connection that stands.
    private func goesOut() -> Bool {
        guard !self.onlyConnects else { return true }
        guard let delegate = self.transfer?.delegate, self.hasHead, self.goesOutOnce() else { return false }
        self.sentBefore = unsafe sluice_curl_get_number(self.easy, CURLINFO_REQUEST_SIZE)
        delegate.requestGoesOut()
        return self.transfer?.delegate != nil
    }

    /// False where the request has gone out before. When a kept connection turns out to be dead libcurl would send it
    /// again by itself; whether that is done is for the transfer's owner to say.
    func goesOutOnce() -> Bool {
        if self.sentBefore != nil { self.wantedAgain = true }
        return !self.wantedAgain
    }

    /// Whether a connection may go there. It is asked for each one, after all names have been resolved: the address is the one that
    /// is connected to.
    func mayConnect(to address: UnsafePointer<curl_sockaddr>) -> Bool {
        guard self.isGuarded else { return true }
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = unsafe sluice_curl_address_bytes(address, &bytes)
        if let remote = RemoteAddress(bytes.prefix(Int(count))), self.target.settings.reach.admits(remote) {
            return true
        }
        self.metForbiddenAddress = true
        return false
    }

    /// Returns the bytes taken; fewer than given makes libcurl end the transfer.
    private func readHead(_ line: UnsafeRawBufferPointer) -> Int {
        guard let delegate = self.transfer?.delegate else { return 0 }
        self.receivedAny = true
        switch unsafe self.parser.read(line.bindMemory(to: UInt8.self).span) {
        case .more: break
        case .complete(let head):
            delegate.headReceived(head)
            guard self.transfer?.delegate != nil else { return 0 }
        case .tooLarge:
            self.fault = .tooLarge
            return 0
        case .violation:
            self.fault = .protocolViolation
            return 0
        }
        return line.count
    }

    /// Called by libcurl. Returns the bytes taken; fewer than given makes it end the transfer.
    private func readBody(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard let delegate = self.transfer?.delegate else { return 0 }
        if self.pauseWanted {
            // libcurl keeps these bytes and hands them out again after `resume`.
            self.isPaused = true
            return Int(CURL_WRITEFUNC_PAUSE)
        }
        self.receivedAny = true
        if unsafe delegate.received(bytes) == .pause { self.pauseWanted = true }
        return self.transfer?.delegate != nil ? bytes.count : 0
    }
}
