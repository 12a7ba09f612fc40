internal import CCurl
public import Platform

/// An HTTP/1.1 client on an event loop: libcurl's multi interface with its socket callbacks. One per loop.
///
/// Owns the multi handle with its cache of kept-alive connections, its resolver cache and its TLS sessions. Connections without TLS to where
/// anybody may go libcurl makes, and what goes over them is ours (`HTTPConnection`). libcurl never
/// calls back into a started transfer from within `start`; transfers begin together at the end of the loop's turn, so that a
/// turn's requests cost one pass through libcurl. Nothing here is locked: all members are for the loop's thread.
// SAFETY: `multi` is made in `init` and cleaned up once in `deinit`, after every running handle was taken out. libcurl knows
// this object by an unretained pointer and only calls back from within calls that this object makes.
@safe
public final class HTTPClient: TurnEndHandler {
    /// Bytes of a reply's head, all interim heads and trailers included.
    public static let maximumHead = 64 << 10
    private static let roomStep = 256

    private let loop: EpollLoop
    private let multi: UnsafeMutableRawPointer
    let sockets: SocketTable
    private var running: [EasyHandle] = []
    private var starting: [HTTPTransfer] = []
    /// Cancelled from within a libcurl callback, where a handle must not be taken out.
    private var aborting: [EasyHandle] = []
    /// libcurl is on the stack: it must not be called for other handles.
    private var isBusy = false
    private var turnEndAsked = false
    private let idleConnections: Int
    /// Which targets' connections are kept here: those of the others in clients of their own, as libcurl looks for a connection by its
    /// host's name and not by who was allowed to make it.
    private let reach: HTTPReach
    private var enclaves: [HTTPReach: HTTPClient] = [:]
    /// Transfers for which libcurl's cache has room, beside the idle connections.
    private var room = 0

    private var timer: LoopTimer?
    /// When libcurl wants to be called, on the monotonic clock; nil when not at all.
    private var wakeAt: UInt64?
    /// libcurl wants to be called now.
    private var wakeNow = false

    /// In use or idle.
    private var connectionsOfOurOwn: [HTTPConnection] = []
    /// By host and port.
    private var pools: [[UInt8]: HTTPConnectionPool] = [:]
    /// When old ones were last closed, in monotonic nanoseconds.
    private var sweptAt: UInt64 = 0

    /// Prepares libcurl for the process. To be called once, first thing in `main`, while there is one thread.
    public static func initializeLibrary() -> Bool {
        curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
    }

    /// `idleConnections` bounds the kept-alive connections of all targets together, but for those without TLS, and for those of targets that may
    /// not be found everywhere, which have as many of their own.
    public convenience init(loop: EpollLoop, idleConnections: Int = 1024) throws(SystemError) {
        try self.init(loop: loop, idleConnections: idleConnections, reach: .anywhere)
    }

    private init(loop: EpollLoop, idleConnections: Int, reach: HTTPReach) throws(SystemError) {
        guard let multi = unsafe curl_multi_init() else { throw SystemError(operation: "curl_multi_init", code: 12) }
        self.loop = loop
        self.idleConnections = idleConnections
        self.reach = reach
        unsafe self.multi = unsafe multi
        self.sockets = SocketTable(loop: loop)
        self.sockets.client = self
        let own = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe sluice_curl_multi_set_pointer(multi, CURLMOPT_SOCKETDATA, own)
        unsafe sluice_curl_multi_set_pointer(multi, CURLMOPT_TIMERDATA, own)
        self.fitRoom()
        unsafe sluice_curl_multi_set_number(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_NOTHING))
        unsafe sluice_curl_multi_set_socket_function(multi) { _, socket, what, context, _ in
            guard let context = unsafe context else { return 0 }
            unsafe Unmanaged<HTTPClient>.fromOpaque(context).takeUnretainedValue().sockets.change(socket, to: what)
            return 0
        }
        unsafe sluice_curl_multi_set_timer_function(multi) { _, milliseconds, context in
            guard let context = unsafe context else { return 0 }
            unsafe Unmanaged<HTTPClient>.fromOpaque(context).takeUnretainedValue().wake(in: milliseconds)
            return 0
        }
    }

    deinit {
        if let timer = self.timer { self.loop.cancel(timer) }
        for handle in self.running {
            unsafe curl_multi_remove_handle(self.multi, handle.easy)
            handle.transfer?.abandon()
            handle.drop()
        }
        unsafe curl_multi_cleanup(self.multi)
        for pool in self.pools.values { pool.forgetAll() }
        for connection in self.connectionsOfOurOwn { connection.abandon() }
        self.sockets.client = nil
    }

    /// Transfers that have begun and are not over.
    public var activeTransfers: Int {
        let own = self.connectionsOfOurOwn.count - self.idleConnectionsOfOurOwn
        return self.enclaves.values.reduce(self.running.count + own) { $0 + $1.activeTransfers }
    }
    /// Open connections, in use or kept alive.
    public var connections: Int {
        let own = self.sockets.open + self.connectionsOfOurOwn.count
        return self.enclaves.values.reduce(own) { $0 + $1.connections }
    }

    // MARK: Transfers

    /// Starts a transfer; `delegate` hears of it from the end of this loop turn on and is retained until the end.
    ///
    /// `body` is sent without being copied. `uniqueHeader` is one more header line, of fewer than 256 bytes; one with CR,
    /// LF or NUL in it is left out. `headers` are further lines of this call, of any length. With `onNewConnection` no kept
    /// connection is used.
    public func start(
        _ target: HTTPTarget, body: HTTPBody = .bytes([]), uniqueHeader: [UInt8] = [], headers: [[UInt8]] = [],
        onNewConnection: Bool = false, delegate: any HTTPTransferDelegate
    ) -> HTTPTransfer {
        if target.settings.reach != self.reach, let enclave = self.enclave(target.settings.reach) {
            return enclave.start(
                target, body: body, uniqueHeader: uniqueHeader, headers: headers, onNewConnection: onNewConnection,
                delegate: delegate)
        }
        let transfer = HTTPTransfer(
            client: self, target: target, body: body, uniqueHeader: uniqueHeader, headers: headers,
            needsNewConnection: onNewConnection, delegate: delegate)
        if target.limit.enter(transfer) { self.prepareStart(transfer) }
        return transfer
    }

    /// The client of targets of that reach; nil when libcurl has no memory for one.
    private func enclave(_ reach: HTTPReach) -> HTTPClient? {
        if let enclave = self.enclaves[reach] { return enclave }
        let enclave = try? HTTPClient(loop: self.loop, idleConnections: self.idleConnections, reach: reach)
        self.enclaves[reach] = enclave
        return enclave
    }

    private func prepareStart(_ transfer: HTTPTransfer) {
        transfer.state = .starting
        self.starting.append(transfer)
        self.askForTurnEnd()
    }

    private func askForTurnEnd() {
        guard !self.turnEndAsked else { return }
        self.turnEndAsked = true
        self.loop.atTurnEnd(self)
    }

    private func add(_ transfer: HTTPTransfer) {
        guard transfer.state == .starting else { return self.leave(transfer.target.limit) }
        if let head = transfer.target.ownHead, !transfer.needsNewConnection,
            let connection = self.pool(of: transfer.target, head).take(at: self.loop.now)
        {
            return self.begin(transfer, head, on: connection)
        }
        guard transfer.target.settings.reach == self.reach, let handle = transfer.target.takeHandle(for: self) else {
            return self.ended(transfer, HTTPClientError(kind: .other, sentAny: false))
        }
        handle.begin(transfer)
        guard unsafe curl_multi_add_handle(self.multi, handle.easy) == CURLM_OK else {
            handle.drop()
            return self.ended(transfer, HTTPClientError(kind: .other, sentAny: false))
        }
        transfer.state = .running
        transfer.handle = handle
        handle.place = self.running.count
        self.running.append(handle)
        self.fitRoom()
    }

    /// libcurl counts connections in use to its cache too, and would close an idle one at each end of a transfer while more
    /// than the cache's size are in use.
    private func fitRoom() {
        let step = HTTPClient.roomStep
        guard self.running.count >= self.room || self.running.count + 2 * step < self.room else { return }
        self.room = (self.running.count / step + 1) * step
        unsafe sluice_curl_multi_set_number(self.multi, CURLMOPT_MAXCONNECTS, self.idleConnections + self.room)
    }

    /// Takes the handle out of libcurl's hands; a transfer that was not complete loses its connection by it.
    private func remove(_ handle: EasyHandle) {
        guard handle.place >= 0 else { return }
        self.isBusy = true
        unsafe curl_multi_remove_handle(self.multi, handle.easy)
        self.isBusy = false
        let last = self.running.removeLast()
        if last !== handle {
            self.running[handle.place] = last
            last.place = handle.place
        }
        handle.place = -1
        self.fitRoom()
    }

    private func leave(_ limit: HTTPConnectionLimit) {
        // The place may be one of targets that other clients call.
        if let next = limit.leave() { (next.client ?? self).prepareStart(next) }
    }

    func cancelled(_ transfer: HTTPTransfer) {
        switch transfer.state {
        case .queued, .starting, .over:
            // It has left the queue; the start that is due passes over it.
            transfer.end(nil)
        case .running:
            if let connection = transfer.connection {
                transfer.end(nil)
                connection.abort()
                return self.leave(transfer.target.limit)
            }
            guard let handle = transfer.handle else { return }
            transfer.end(nil)
            if self.isBusy {
                self.aborting.append(handle)
                self.askForTurnEnd()
            } else {
                self.abort(handle, transfer.target)
            }
        }
    }

    private func abort(_ handle: EasyHandle, _ target: HTTPTarget) {
        guard handle.place >= 0 else { return }
        self.remove(handle)
        handle.drop()
        target.giveBack(handle)
        self.leave(target.limit)
    }

    func unpause(_ handle: EasyHandle) {
        let wasBusy = self.isBusy
        self.isBusy = true
        unsafe curl_easy_pause(handle.easy, CURLPAUSE_CONT)
        self.isBusy = wasBusy
        if !wasBusy { self.collect() }
    }

    // MARK: Driving libcurl

    func act(_ socket: Int32, _ events: Int32) {
        var left: Int32 = 0
        self.isBusy = true
        unsafe curl_multi_socket_action(self.multi, socket, events, &left)
        self.isBusy = false
        self.collect()
    }

    /// Ends the transfers that libcurl is done with.
    private func collect() {
        while !self.aborting.isEmpty {
            let handle = self.aborting.removeLast()
            self.abort(handle, handle.target)
        }
        var code = CURLE_OK
        while let easy = unsafe sluice_curl_next_ended(self.multi, &code) {
            guard let handle = unsafe EasyHandle.of(easy) else { continue }
            let transfer = handle.transfer
            if code == CURLE_OK, let transfer, let head = handle.target.ownHead {
                self.takeOver(handle, transfer, head)
                continue
            }
            let error = handle.end(code)
            self.remove(handle)
            handle.target.giveBack(handle)
            self.leave(handle.target.limit)
            transfer?.end(error)
        }
    }

    // MARK: Connections of our own

    /// libcurl has made the connection that the transfer needs. It closes its own descriptor of it, and ours stays.
    private func takeOver(_ handle: EasyHandle, _ transfer: HTTPTransfer, _ head: RequestPreamble) {
        let socket = unsafe OwnedDescriptor.duplicate(of: sluice_curl_get_socket(handle.easy))
        handle.drop()
        self.remove(handle)
        handle.target.giveBack(handle)
        transfer.handle = nil
        do throws(SystemError) {
            guard let socket else { throw SystemError.last("fcntl(F_DUPFD_CLOEXEC)") }
            let pool = self.pool(of: transfer.target, head)
            let connection = try HTTPConnection(socket, loop: self.loop, client: self, pool: pool)
            connection.place = self.connectionsOfOurOwn.count
            self.connectionsOfOurOwn.append(connection)
            self.begin(transfer, head, on: connection)
        } catch {
            self.ended(transfer, HTTPClientError(kind: .other, sentAny: false))
        }
    }

    private func begin(_ transfer: HTTPTransfer, _ head: RequestPreamble, on connection: HTTPConnection) {
        transfer.state = .running
        transfer.connection = connection
        connection.begin(transfer, head)
    }

    private func pool(of target: HTTPTarget, _ head: RequestPreamble) -> HTTPConnectionPool {
        let owner = ObjectIdentifier(self)
        if let pool = target.pool, pool.owner == owner { return pool }
        let pool = self.pools[head.host] ?? HTTPConnectionPool(owner: owner)
        self.pools[head.host] = pool
        target.pool = pool
        return pool
    }

    /// The transfer is over, and its place is free.
    func ended(_ transfer: HTTPTransfer, _ error: HTTPClientError?) {
        self.leave(transfer.target.limit)
        transfer.end(error)
    }

    private var idleConnectionsOfOurOwn: Int { self.pools.values.reduce(0) { $0 + $1.count } }

    /// Closes what is idle for the longest, where too many are, and about once a second what is idle for too long.
    func boundIdleConnections(at now: UInt64) {
        if now > self.sweptAt &+ 1_000_000_000 {
            self.sweptAt = now
            for pool in self.pools.values { pool.closeOld(at: now) }
        }
        guard self.connectionsOfOurOwn.count > self.idleConnections,
            self.idleConnectionsOfOurOwn > self.idleConnections
        else { return }
        self.pools.values.min { $0.oldest ?? .max < $1.oldest ?? .max }?.closeOldest()
    }

    /// A connection has closed itself.
    func forget(_ connection: HTTPConnection) {
        let last = self.connectionsOfOurOwn.removeLast()
        if last !== connection {
            self.connectionsOfOurOwn[connection.place] = last
            last.place = connection.place
        }
        connection.place = -1
    }

    public func turnEnded() {
        self.turnEndAsked = false
        if !self.starting.isEmpty {
            let starting = self.starting
            self.starting.removeAll(keepingCapacity: true)
            for transfer in starting { self.add(transfer) }
        }
        // What libcurl wants done at once is done in this turn, but not without end.
        var rounds = 0
        while self.wakeNow && rounds < 4 {
            rounds += 1
            self.wakeNow = false
            self.act(CURL_SOCKET_TIMEOUT, 0)
        }
        self.collect()
        if self.wakeNow { self.askForTurnEnd() }
    }

    /// libcurl wants to be called in `milliseconds`, or not at all when that is negative.
    private func wake(in milliseconds: Int) {
        guard milliseconds > 0 else {
            self.wakeAt = nil
            self.wakeNow = milliseconds == 0
            if self.wakeNow { self.askForTurnEnd() }
            return
        }
        self.wakeNow = false
        // The clock is read afresh: libcurl does not repeat a wish that was fulfilled too early.
        let delay = UInt64(clamping: milliseconds) &* 1_000_000
        let deadline = Clocks.monotonicNanoseconds() &+ delay
        self.wakeAt = deadline
        // A timer that is armed for an earlier time will see the new one; moving it for each request would cost more.
        if let timer = self.timer {
            if !timer.isPending || timer.deadline > deadline { self.loop.reschedule(timer, after: delay) }
        } else {
            self.timer = self.loop.schedule(after: delay) { [unowned self] in self.timerFired() }
        }
    }

    private func timerFired() {
        guard let wakeAt = self.wakeAt else { return }
        let now = Clocks.monotonicNanoseconds()
        guard now >= wakeAt else {
            if let timer = self.timer { self.loop.reschedule(timer, after: wakeAt - now) }
            return
        }
        self.wakeAt = nil
        self.act(CURL_SOCKET_TIMEOUT, 0)
    }
}
