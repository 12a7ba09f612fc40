import Glibc
import Platform
import Synchronization

/// Asks the machine's resolver for the addresses of hosts, and waits for it no longer than it is told to.
///
/// The C library's call cannot be ended, so it runs on a thread of its own: one for each name, whoever asks. Where the resolver is gone that thread stays
/// with it, and who asks for the same name meanwhile waits for the same answer.
final class HostLookup: Sendable {
    /// Why there is no address, in words.
    struct Failure: Error, Hashable, Sendable, CustomStringConvertible {
        let description: String
    }

    typealias Resolve = @Sendable (_ name: String) -> Result<[String], Failure>

    /// That of the process.
    static let shared = HostLookup(resolve: HostLookup.resolve)
    /// The most addresses of a name that are tried.
    private static let limit = 16

    /// One call of the resolver.
    private final class Question: Sendable {
        let answer = Mutex<Result<[String], Failure>?>(nil)
        /// Can be read from when there is an answer.
        let bell: EventCounter

        init() throws(SystemError) { self.bell = try EventCounter(.watched) }
    }

    private let resolve: Resolve
    private let questions = Mutex<[String: Question]>([:])

    init(resolve: @escaping Resolve) {
        self.resolve = resolve
    }

    /// Whether a host is an address itself, about which nobody has to be asked.
    static func isAddress(_ host: String) -> Bool {
        var address = in_addr()
        return unsafe host.utf8.contains(UInt8(ascii: ":")) || inet_pton(AF_INET, host, &address) == 1
    }

    /// The addresses of `name`, in the order in which they are to be tried; waits `milliseconds` at the most.
    func addresses(of name: String, milliseconds: UInt64) throws(Failure) -> [String] {
        let question = try self.question(name)
        guard Self.wait(question.bell.number, milliseconds), let answer = question.answer.withLock({ $0 }) else {
            throw Failure(description: "the resolver says nothing")
        }
        return try answer.get()
    }

    /// The one that is under way, or a new one.
    private func question(_ name: String) throws(Failure) -> Question {
        do {
            return try self.questions.withLock { questions in
                if let question = questions[name] { return question }
                let question = try Question()
                try WorkerThread(name: "resolver") { self.run(question, name) }.detach()
                questions[name] = question
                return question
            }
        } catch {
            throw Failure(description: "the resolver cannot be asked: \(error)")
        }
    }

    private func run(_ question: Question, _ name: String) {
        let answer = self.resolve(name)
        // Who comes from here on asks anew.
        self.questions.withLock { questions in _ = questions.removeValue(forKey: name) }
        question.answer.withLock { $0 = answer }
        question.bell.add()
    }

    private static func wait(_ descriptor: Int32, _ milliseconds: UInt64) -> Bool {
        let deadline = Clocks.monotonicNanoseconds() &+ milliseconds &* 1_000_000
        while true {
            let now = Clocks.monotonicNanoseconds()
            // Rounded up, so that it does not turn quickly at the end.
            let left = deadline > now ? (deadline - now + 999_999) / 1_000_000 : 0
            var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let ready = unsafe poll(&entry, 1, Int32(clamping: left))
            if ready > 0 { return true }
            guard ready == 0 || errno == EINTR, left > 0 else { return false }
        }
    }

    // MARK: The resolver

    /// Waits as long as that takes.
    private static func resolve(_ name: String) -> Result<[String], Failure> {
        var hints = unsafe addrinfo()
        unsafe hints.ai_family = AF_UNSPEC
        unsafe hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var first: UnsafeMutablePointer<addrinfo>?
        let code = unsafe getaddrinfo(name, nil, &hints, &first)
        let reason = errno
        guard code == 0 else {
            let words =
                unsafe code == EAI_SYSTEM ? String(cString: strerror(reason)) : String(cString: gai_strerror(code))
            return .failure(Failure(description: words))
        }
        defer { unsafe freeaddrinfo(first) }
        var addresses: [String] = []
        var next = unsafe first
        while let entry = unsafe next, addresses.count < Self.limit {
            if let text = unsafe Self.text(entry.pointee), !addresses.contains(text) { addresses.append(text) }
            unsafe next = entry.pointee.ai_next
        }
        return addresses.isEmpty ? .failure(Failure(description: "it has no address")) : .success(addresses)
    }

    /// The address in digits.
    private static func text(_ entry: addrinfo) -> String? {
        var digits = [CChar](repeating: 0, count: Int(NI_MAXHOST))
        let code = unsafe getnameinfo(
            entry.ai_addr, entry.ai_addrlen, &digits, socklen_t(digits.count), nil, 0, NI_NUMERICHOST)
        guard code == 0 else { return nil }
        return String(decoding: digits.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
