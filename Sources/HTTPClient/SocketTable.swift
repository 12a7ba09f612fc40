internal import CCurl
internal import Glibc
internal import Platform

/// The sockets of one multi handle and what the loop watches them for.
///
/// libcurl takes a connection's socket off the list at the end of each request and puts it back at the start of the next.
/// For sockets that are opened and closed here (all connections), the loop goes on watching in between, which saves two
/// system calls per request; should such a socket then become readable while nobody uses it, it is forgotten at that time.
/// Other descriptors (the resolver's) are closed by libcurl without a word, so for them every change is made at once.
///
/// It outlives the multi handle, whose cleanup still closes sockets. Lives on the client's loop.
final class SocketTable: DescriptorHandler {
    private struct Entry {
        /// What libcurl wants to know of it: its CURL_POLL bits.
        var wanted: UInt8 = 0
        /// What the loop watches it for, the same bits.
        var watched: UInt8 = 0
        /// Opened by `open` and not yet closed by `close`.
        var isOwn = false
    }

    private static let input = UInt8(CURL_POLL_IN)
    private static let output = UInt8(CURL_POLL_OUT)

    private let loop: EpollLoop
    /// By descriptor number.
    private var entries: [Entry] = []
    /// Sockets of connections, in use or kept.
    private(set) var open = 0
    /// nil once the client has gone. Not weak: that makes each use of the client dearer, everywhere.
    unowned var client: HTTPClient?
    let scratch = ReadScratch()

    init(loop: EpollLoop) {
        self.loop = loop
    }

    /// Makes `handle` open and close its sockets here.
    func install(on handle: EasyHandle) {
        let own = unsafe Unmanaged.passUnretained(self).toOpaque()
        let user = unsafe Unmanaged.passUnretained(handle).toOpaque()
        _ = unsafe sluice_curl_set_pointer(handle.easy, CURLOPT_OPENSOCKETDATA, user)
        _ = unsafe sluice_curl_set_pointer(handle.easy, CURLOPT_CLOSESOCKETDATA, own)
        _ = unsafe sluice_curl_set_open_function(handle.easy) { context, _, address in
            guard let context = unsafe context, let address = unsafe address else { return -1 }
            let handle = unsafe Unmanaged<EasyHandle>.fromOpaque(context).takeUnretainedValue()
            // No second connection for a request that has gone out.
            guard handle.goesOutOnce(), unsafe handle.mayConnect(to: address) else { return -1 }
            return unsafe handle.sockets.openSocket(
                address.pointee.family, address.pointee.socktype, address.pointee.protocol)
        }
        _ = unsafe sluice_curl_set_close_function(handle.easy) { context, number in
            guard let context = unsafe context else { return Glibc.close(number) }
            unsafe Unmanaged<SocketTable>.fromOpaque(context).takeUnretainedValue().closeSocket(number)
            return 0
        }
    }

    private func openSocket(_ family: Int32, _ type: Int32, _ number: Int32) -> Int32 {
        let closeOnExec = Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let socket = Glibc.socket(family, type | closeOnExec, number)
        guard socket >= 0 else { return -1 }
        self.grow(to: socket)
        // Where a transfer ends while it connects, libcurl closes the socket without a word.
        self.forget(socket)
        self.entries[Int(socket)] = Entry(isOwn: true)
        self.open += 1
        return socket
    }

    private func closeSocket(_ number: Int32) {
        if number >= 0, Int(number) < self.entries.count { self.forget(number) }
        Glibc.close(number)
    }

    private func forget(_ number: Int32) {
        let entry = self.entries[Int(number)]
        if entry.watched != 0 { self.loop.forget(number) }
        if entry.isOwn { self.open -= 1 }
        self.entries[Int(number)] = Entry()
    }

    private func grow(to number: Int32) {
        while self.entries.count <= Int(number) { self.entries.append(Entry()) }
    }

    /// libcurl wants to hear of `what` (CURL_POLL_*) on the descriptor.
    func change(_ number: Int32, to what: Int32) {
        guard number >= 0 else { return }
        self.grow(to: number)
        let index = Int(number)
        let wanted = what == CURL_POLL_REMOVE ? 0 : UInt8(truncatingIfNeeded: what) & 3
        self.entries[index].wanted = wanted
        let watched = self.entries[index].watched
        if wanted == 0 && self.entries[index].isOwn {
            // Writable is what an idle socket always is.
            if watched & SocketTable.output != 0 { self.watch(index, for: SocketTable.input) }
        } else if wanted != watched {
            self.watch(index, for: wanted)
        }
    }

    private func watch(_ index: Int, for bits: UInt8) {
        let number = Int32(truncatingIfNeeded: index)
        let watched = self.entries[index].watched
        self.entries[index].watched = bits
        guard bits != 0 else {
            if watched != 0 { self.loop.forget(number) }
            return
        }
        var interest: Readiness = []
        if bits & SocketTable.input != 0 { interest.insert(.readable) }
        if bits & SocketTable.output != 0 { interest.insert(.writable) }
        do {
            if watched == 0 {
                try self.loop.watch(number, for: interest, handler: self)
            } else {
                try self.loop.change(number, to: interest)
            }
        } catch {
            // Closed already; or not watchable, then libcurl's own timeouts end the transfer.
            self.entries[index].watched = 0
            self.loop.forget(number)
        }
    }

    func ready(_ fd: Int32, _ readiness: Readiness) {
        let index = Int(fd)
        guard index < self.entries.count else { return }
        guard self.entries[index].wanted != 0, let client = self.client else {
            self.watch(index, for: 0)
            return
        }
        var events: Int32 = 0
        if readiness.contains(.writable) { events |= CURL_CSELECT_OUT }
        // An error is read from the socket like data; by itself it would tell libcurl less.
        if !readiness.isDisjoint(with: [.readable, .readHangUp, .hangUp, .failed]) { events |= CURL_CSELECT_IN }
        if readiness.contains(.failed) { events |= CURL_CSELECT_ERR }
        client.act(fd, events)
    }
}
