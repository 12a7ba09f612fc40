import CPostgres
import Domain
import Glibc

/// One connection of libpq, from its making to its end. Every call has a deadline of its own on poll(2): a server that is gone without a
/// word cannot hold the thread. After `isDead` nothing but the end can come.
// SAFETY: the pointer comes from PQconnectStartParams and is finished once, in deinit, and the flag after it; neither goes to
// anyone who outlives this object.
@safe
final class PostgresLink {
    private let pointer: OpaquePointer
    private let timing: PostgresTiming
    private let server: String
    /// Not 0 when the server has said that it ends the session.
    private let isEnded: UnsafeMutablePointer<Int32>
    private(set) var isDead = false
    /// What was sent ahead and not answered yet: every other command waits for it.
    private var awaited: PostgresAhead?

    /// Connects. The library is told the addresses of a name, as it would wait for the resolver for as long as that takes.
    init(_ options: PostgresOptions, _ timing: PostgresTiming, _ hosts: HostLookup) throws(DatabaseError) {
        self.timing = timing
        self.server = "PostgreSQL \(options.address)"
        let deadline = timing.now() &+ UInt64(options.address.connectTimeout) * 1000
        let addresses = try Self.addresses(options.address, hosts)
        guard let pointer = unsafe PostgresParameters(options, addresses: addresses).start() else {
            throw DatabaseError(
                server: self.server, operation: "connect", state: .cannotConnect, message: "out of memory")
        }
        unsafe self.pointer = pointer
        unsafe self.isEnded = .allocate(capacity: 1)
        unsafe self.isEnded.initialize(to: 0)
        unsafe sluice_postgres_silence(pointer, self.isEnded)
        // With the code of a refusal, which there is no other way to learn.
        unsafe PQsetErrorVerbosity(pointer, PQERRORS_VERBOSE)
        try self.connect(deadline)
        unsafe PQsetErrorVerbosity(pointer, PQERRORS_DEFAULT)
        unsafe PQsetnonblocking(pointer, 1)
        try self.examine()
    }

    deinit {
        unsafe PQfinish(self.pointer)
        unsafe self.isEnded.deallocate()
    }

    /// For poll(2) or epoll; -1 when there is none.
    var descriptor: Int32 { unsafe PQsocket(self.pointer) }

    /// Whether the server waits for the end of a transaction.
    var isInTransaction: Bool {
        switch unsafe PQtransactionStatus(self.pointer) {
        case PQTRANS_INTRANS, PQTRANS_INERROR: true
        // What is sent ahead is part of one.
        case PQTRANS_ACTIVE: self.awaited != nil
        default: false
        }
    }

    // MARK: Making

    /// None where nobody has to be asked for them.
    private static func addresses(_ address: PostgresAddress, _ hosts: HostLookup) throws(DatabaseError) -> [String] {
        guard !address.isLocal, !HostLookup.isAddress(address.host) else { return [] }
        do throws(HostLookup.Failure) {
            return try hosts.addresses(of: address.host, milliseconds: UInt64(address.connectTimeout) * 1000)
        } catch {
            throw DatabaseError(
                server: "PostgreSQL \(address)", operation: "connect", state: .cannotConnect,
                message: "the address of the host is not found: \(error)")
        }
    }

    private func connect(_ deadline: UInt64) throws(DatabaseError) {
        var state = PGRES_POLLING_WRITING
        while state != PGRES_POLLING_OK {
            guard unsafe PQstatus(self.pointer) != CONNECTION_BAD, state != PGRES_POLLING_FAILED else {
                let (message, code) = unsafe PostgresMessage.refusal(String(cString: PQerrorMessage(self.pointer)))
                throw DatabaseError(
                    server: self.server, operation: "connect", state: code ?? .cannotConnect, message: message)
            }
            guard self.wait(state == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline) else {
                throw DatabaseError(
                    server: self.server, operation: "connect", state: .cannotConnect, message: "no answer in time")
            }
            state = unsafe PQconnectPoll(self.pointer)
        }
    }

    private func examine() throws(DatabaseError) {
        func refuse(_ message: String) -> DatabaseError {
            DatabaseError(server: self.server, operation: "connect", state: .unknownSchema, message: message)
        }
        guard unsafe PQserverVersion(self.pointer) >= 130_000 else { throw refuse("PostgreSQL 13 or newer is needed") }
        let encoding = unsafe PQparameterStatus(self.pointer, "server_encoding").map { unsafe String(cString: $0) }
        guard encoding == "UTF8" else { throw refuse("the database's encoding must be UTF8") }
    }

    // MARK: Commands

    /// Sends a command with `send`, one of the library's functions that return 1 when the command is on its way, and waits for its answer: the
    /// last result of it, or the first that is an error, or one that begins a COPY.
    func run(
        _ operation: String, deadline: UInt64, _ send: (OpaquePointer) -> Int32
    ) throws(DatabaseError) -> PostgresResult {
        unsafe try self.start(operation, deadline, send)
        return try self.answer(operation, deadline: deadline)
    }

    private func start(
        _ operation: String, _ deadline: UInt64, _ send: (OpaquePointer) -> Int32
    ) throws(DatabaseError) {
        try self.settle(operation, deadline)
        guard !self.isDead, unsafe PQstatus(self.pointer) == CONNECTION_OK else { throw self.lost(operation, nil) }
        guard unsafe send(self.pointer) == 1 else {
            let said = unsafe PostgresMessage.line(String(cString: PQerrorMessage(self.pointer)))
            guard unsafe PQstatus(self.pointer) == CONNECTION_OK else { throw self.lost(operation, said) }
            throw DatabaseError(server: self.server, operation: operation, state: .misuse, message: said)
        }
    }

    /// Sends a command of a transaction before its answer is needed, so that the server works meanwhile. Other commands may come before
    /// it is taken.
    func sendAhead(
        _ operation: String, deadline: UInt64, _ send: (OpaquePointer) -> Int32
    ) throws(DatabaseError) -> PostgresAhead {
        unsafe try self.start(operation, deadline, send)
        let ahead = PostgresAhead()
        self.awaited = ahead
        try self.flush(operation, deadline)
        return ahead
    }

    /// The answer to what was sent ahead.
    func take(_ operation: String, _ ahead: PostgresAhead, deadline: UInt64) throws(DatabaseError) -> PostgresResult {
        if self.awaited === ahead { try self.settle(operation, deadline) }
        guard let answer = ahead.answer else { throw self.lost(operation, nil) }
        return try answer.get()
    }

    /// Waits for the answer to what was sent ahead, whatever it is: nobody wants it any more.
    func endAhead(_ operation: String, deadline: UInt64) {
        try? self.settle(operation, deadline)
    }

    private func settle(_ operation: String, _ deadline: UInt64) throws(DatabaseError) {
        guard let ahead = self.awaited.take() else { return }
        do throws(DatabaseError) {
            ahead.answer = .success(try self.answer(operation, deadline: deadline))
        } catch {
            ahead.answer = .failure(error)
            throw error
        }
    }

    /// What comes back of the command that was sent.
    func answer(_ operation: String, deadline: UInt64) throws(DatabaseError) -> PostgresResult {
        try self.flush(operation, deadline)
        var last: PostgresResult?
        while true {
            try self.receive(operation, deadline)
            guard let pointer = unsafe PQgetResult(self.pointer) else { break }
            let result = unsafe PostgresResult(pointer)
            if last?.isError != true { last = result }
            switch result.status {
            // No end comes before the caller has done its part.
            case PGRES_COPY_IN: return result
            case PGRES_COPY_OUT, PGRES_COPY_BOTH:
                self.isDead = true
                throw DatabaseError(
                    server: self.server, operation: operation, state: .misuse, message: "COPY TO is not supported")
            default: break
            }
            // On a connection that has failed the library has results without end.
            if unsafe PQstatus(self.pointer) != CONNECTION_OK { break }
        }
        if unsafe PQstatus(self.pointer) != CONNECTION_OK { self.isDead = true }
        guard let last else { throw self.lost(operation, unsafe String(cString: PQerrorMessage(self.pointer))) }
        guard !last.isError else {
            let state = last.state ?? .connectionFailure
            if state.endsSession { self.isDead = true }
            throw DatabaseError(server: self.server, operation: operation, state: state, message: last.message)
        }
        return last
    }

    /// Sends what is left to send, reading meanwhile: a server that cannot send does not read either.
    private func flush(_ operation: String, _ deadline: UInt64) throws(DatabaseError) {
        while true {
            let left = unsafe PQflush(self.pointer)
            if left == 0 { return }
            guard left == 1 else { throw self.lost(operation, unsafe String(cString: PQerrorMessage(self.pointer))) }
            guard self.wait(POLLIN | POLLOUT, deadline) else { throw self.silent(operation) }
            guard unsafe PQconsumeInput(self.pointer) == 1 else {
                throw self.lost(operation, unsafe String(cString: PQerrorMessage(self.pointer)))
            }
        }
    }

    private func receive(_ operation: String, _ deadline: UInt64) throws(DatabaseError) {
        while unsafe PQisBusy(self.pointer) != 0 {
            guard unsafe PQstatus(self.pointer) == CONNECTION_OK else { return }
            guard self.wait(POLLIN, deadline) else { throw self.silent(operation) }
            // What the server said before it went, such as who has ended the session, is still to be read.
            guard unsafe PQconsumeInput(self.pointer) == 1 || PQisBusy(self.pointer) == 0 else {
                throw self.lost(operation, unsafe String(cString: PQerrorMessage(self.pointer)))
            }
        }
    }

    // MARK: COPY

    /// Sends a piece of a COPY.
    func copy(_ bytes: [UInt8], deadline: UInt64) throws(DatabaseError) {
        while true {
            let code = unsafe bytes.withUnsafeBytes { bytes in
                unsafe PQputCopyData(
                    self.pointer, bytes.baseAddress?.assumingMemoryBound(to: CChar.self), Int32(clamping: bytes.count))
            }
            if code == 1 { return }
            guard code == 0 else { throw self.lost("copy", unsafe String(cString: PQerrorMessage(self.pointer))) }
            try self.flush("copy", deadline)
        }
    }

    /// Ends a COPY; with `failure` the server undoes it.
    func endCopy(failure: StaticString?, deadline: UInt64) throws(DatabaseError) -> PostgresResult {
        while true {
            let code =
                unsafe failure.map { unsafe PQputCopyEnd(self.pointer, "\($0)") } ?? PQputCopyEnd(self.pointer, nil)
            if code == 1 { return try self.answer("copy", deadline: deadline) }
            guard code == 0 else { throw self.lost("copy", unsafe String(cString: PQerrorMessage(self.pointer))) }
            try self.flush("copy", deadline)
        }
    }

    // MARK: Notifications

    /// Takes in what has come without waiting; true while the connection lives.
    func consume() -> Bool {
        guard !self.isDead else { return false }
        while !self.isDead, self.wait(POLLIN, 0) {
            if unsafe PQconsumeInput(self.pointer) != 1 { self.isDead = true }
        }
        // Looks at what has come; nothing is asked.
        _ = unsafe PQisBusy(self.pointer)
        if unsafe self.isEnded.pointee != 0 { self.isDead = true }
        if unsafe PQstatus(self.pointer) != CONNECTION_OK { self.isDead = true }
        return !self.isDead
    }

    /// The channels of the notifications that have come.
    func takeNotifications() -> [String] {
        var channels: [String] = []
        while let notice = unsafe PQnotifies(self.pointer) {
            unsafe channels.append(PostgresMessage.line(String(cString: notice.pointee.relname)))
            unsafe PQfreemem(notice)
        }
        return channels
    }

    // MARK: -

    /// For `wait`.
    static let readable = POLLIN

    /// Waits until the socket is ready for one of `events`; false at the deadline, in milliseconds of the clock (0: no waiting).
    func wait(_ events: Int32, _ deadline: UInt64) -> Bool {
        while true {
            let now = deadline == 0 ? 0 : self.timing.now()
            var entry = pollfd(fd: self.descriptor, events: Int16(truncatingIfNeeded: events), revents: 0)
            let ready = unsafe poll(&entry, 1, Int32(clamping: deadline > now ? deadline - now : 0))
            if ready > 0 { return true }
            if ready == 0, deadline <= now { return false }
            if ready < 0, errno != EINTR { return true }
        }
    }

    func lost(_ operation: String, _ said: String?) -> DatabaseError {
        self.isDead = true
        let message = said.map { PostgresMessage.line($0) } ?? ""
        return DatabaseError(
            server: self.server, operation: operation, state: .connectionFailure,
            message: message.isEmpty ? "the connection is lost" : "the connection is lost: \(message)")
    }

    private func silent(_ operation: String) -> DatabaseError {
        self.isDead = true
        return DatabaseError(
            server: self.server, operation: operation, state: .connectionFailure,
            message: "the server says nothing; the connection is given up")
    }
}
