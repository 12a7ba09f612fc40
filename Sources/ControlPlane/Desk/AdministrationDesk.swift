import Administration
import EventLog
import JSON
import Platform

/// Where requests of the administration are handed in: those about the tree are answered on the loop, all others on threads, as a database may
/// keep them waiting. Heartbeats never wait for a database.
///
/// Lives on control's loop. Each thread makes a store of its own; what goes to it and comes back is Sendable. The number of jobs that wait is
/// bounded: more are refused with 503 `busy`.
final class AdministrationDesk: DescriptorHandler {
    /// Jobs that wait for a thread.
    static let capacity = 256

    private let loop: EpollLoop
    private let log: Log
    /// Answers what needs no database.
    private let tree: AdministrationService
    private let exchange: DeskExchange
    /// How many there are.
    private var threads = 0
    /// By ticket.
    private var waiting: [UInt64: (Result<any Sendable, AdministrationFailure>) -> Void] = [:]
    private var lastTicket: UInt64 = 0
    private let reader = JSONReader()
    /// `/openapi.json`, once it has been asked for.
    private var document: [UInt8]?
    /// Why there are no threads.
    private var reason: String?
    private var whenIdle: (() -> Void)?
    /// Does what an answer asks for before it goes out.
    var finish: (AdministrationReply, @escaping (AdministrationReply) -> Void) -> Void = { $1($0) }

    /// Refuses everything that needs a database, for the `reason`, until `open`. `tree` is what answers on the loop.
    init(
        loop: EpollLoop, log: Log, context: DeskContext, tree: [any AdministrationResource], reason: String
    ) throws(SystemError) {
        self.loop = loop
        self.log = log
        self.tree = AdministrationService(resources: tree)
        self.reason = reason
        self.exchange = try DeskExchange(context: context)
        try loop.watch(self.exchange.bell.number, for: .readable, handler: self)
    }

    /// Starts the threads; `make` is called on each. Whatever it throws is what requests are refused with until a later call does better.
    func open(threads count: Int, make: @escaping @Sendable () throws(StartFailure) -> DeskBench) {
        guard self.threads == 0, self.whenIdle == nil else { return }
        let worker = DeskWorker(exchange: self.exchange, make: make, log: self.log)
        do throws(SystemError) {
            for _ in 0..<max(1, count) {
                try WorkerThread(name: "administration") { worker.run() }.detach()
                self.threads += 1
            }
        } catch {
            self.log.error("a thread of the administration cannot be started", ["error": .string("\(error)")])
        }
        self.reason = self.threads == 0 ? "no thread can be started" : nil
    }

    /// Ends the threads when they have done what they are at; what waits is refused. `then` is called on the loop when all has been answered.
    func close(then: @escaping () -> Void) {
        self.reason = "the gateway is being stopped"
        let failure = self.unavailable
        for ticket in self.exchange.close(threads: self.threads) { self.finish(ticket, .failure(failure)) }
        self.whenIdle = then
        self.endIfIdle()
    }

    /// Another configuration is in force.
    func use(_ context: DeskContext) { self.exchange.use(context) }

    // MARK: Requests

    /// Answers the text of a frame with the text of a frame.
    func answer(_ text: [UInt8], then: @escaping ([UInt8]) -> Void) {
        let request: AdministrationRequest
        do throws(AdministrationFailure) {
            request = try AdministrationRequest(decoding: text, with: self.reader)
        } catch {
            return then(AdministrationReply(error).encoded)
        }
        self.submit(request) { reply in
            let encoded = reply.encoded
            then(encoded.count <= AdministrationFrame.limit ? encoded : AdministrationReply(Self.tooLarge).encoded)
        }
    }

    /// Answers a request; `then` is called on the loop, at once for what needs no database.
    func submit(_ request: AdministrationRequest, then: @escaping (AdministrationReply) -> Void) {
        if self.tree.answers(request) { return then(self.tree.reply(to: request)) }
        let finish = self.finish
        self.perform({ (bench: DeskBench) in bench.service.reply(to: request) }) { result in
            switch result {
            case .success(let reply): reply.sequel == nil ? then(reply) : finish(reply, then)
            case .failure(let failure): then(AdministrationReply(failure))
            }
        }
    }

    /// The methods that a path has over HTTP; none where nothing is there.
    func methods(
        at path: [String],
        then: @escaping (Result<[AdministrationRequest.Method], AdministrationFailure>) -> Void
    ) {
        let ofTheTree = self.tree.table.methods(at: path)
        guard ofTheTree.isEmpty else { return then(.success(ofTheTree)) }
        self.perform({ (bench: DeskBench) in bench.service.table.methods(at: path) }, then: then)
    }

    /// `/openapi.json`, of all that is served. What that is does not change while the program runs.
    func describe(version: String, then: @escaping (Result<[UInt8], AdministrationFailure>) -> Void) {
        if let document = self.document { return then(.success(document)) }
        let ofTheTree = self.tree.table.routes.map(\.operation)
        self.perform({ (bench: DeskBench) in
            APIDocument.make(ofTheTree + bench.service.table.routes.map(\.operation), version: version)
        }) { [weak self] result in
            if case .success(let document) = result { self?.document = document }
            then(result)
        }
    }

    /// Runs `work` on a thread, with its store and its service; what it returns is brought to `then`, on the loop. A failure is that there is no
    /// store, or no room for the job.
    func perform<Value: Sendable>(
        _ work: @escaping @Sendable (DeskBench) -> Value,
        then: @escaping (Result<Value, AdministrationFailure>) -> Void
    ) {
        guard self.reason == nil else { return then(.failure(self.unavailable)) }
        self.lastTicket += 1
        let ticket = self.lastTicket
        let job = DeskExchange.Job(ticket: ticket) { bench in bench.map(work) }
        guard self.exchange.give(job, limit: Self.capacity) else { return then(.failure(Self.busy)) }
        self.waiting[ticket] = { result in
            then(result.flatMap { $0 as? Result<Value, AdministrationFailure> ?? .failure(Self.busy) })
        }
    }

    func ready(_ fd: Int32, _ readiness: Readiness) {
        for outcome in self.exchange.outcomes() { self.finish(outcome.ticket, .success(outcome.value)) }
        self.endIfIdle()
    }

    // MARK: -

    private func finish(_ ticket: UInt64, _ result: Result<any Sendable, AdministrationFailure>) {
        self.waiting.removeValue(forKey: ticket)?(result)
    }

    private func endIfIdle() {
        guard let then = self.whenIdle, self.waiting.isEmpty else { return }
        self.whenIdle = nil
        self.loop.forget(self.exchange.bell.number)
        // They end by themselves; one may be waiting for a server that does not answer.
        self.threads = 0
        then()
    }

    private var unavailable: AdministrationFailure {
        AdministrationFailure(status: 503, code: "storage_failed", message: self.reason ?? "")
    }

    private static let tooLarge = AdministrationFailure(
        status: 500, code: "reply_too_large", message: "the answer is too large: ask for less at once")
    private static let busy = AdministrationFailure(
        status: 503, code: "busy", message: "too many requests of the administration at once: try again")
}
