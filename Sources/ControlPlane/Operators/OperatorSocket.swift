import Administration
import Glibc
import EventLog
import Platform

/// The socket on which operators of this machine give their requests: `run/control.sock` in the state folder.
///
/// Only the gateway's own user and root are answered, one request a turn of the loop, whoever asks: heartbeats are to be answered in between.
/// What takes longer is done by the desk's threads. Lives on control's loop; owns the listener and its connections.
final class OperatorSocket: DescriptorHandler {
    static let name = "control.sock"
    /// Connections at the same time.
    static let limit = 16

    private let loop: EpollLoop
    private let desk: AdministrationDesk
    var log: Log
    /// The folder `run`, by whose number the socket is named: paths of sockets are short, those of folders are not.
    private let folder: OwnedDescriptor
    private var listener: Listener?
    private var connections: [Int32: OperatorConnection] = [:]
    /// Those with a whole request, in the order it came.
    private var waiting: [OperatorConnection] = []
    private var turn: LoopTimer?

    init(
        stateDirectory: String, loop: EpollLoop, desk: AdministrationDesk, log: Log
    ) throws(SystemError) {
        let folder = OwnedDescriptor(
            adopting: unsafe open("\(stateDirectory)/run", O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW))
        guard folder.number >= 0 else { throw SystemError.last("open run") }
        let path = "/proc/self/fd/\(folder.number)/\(Self.name)"
        let listener = try Listener(path: path, mode: 0o600)
        self.folder = folder
        self.listener = listener
        self.loop = loop
        self.desk = desk
        self.log = log
        try loop.watch(listener.number, for: .readable, handler: self)
    }

    /// Stops listening, removes the socket and closes every connection.
    func close() {
        if let listener = self.listener { self.loop.forget(listener.number) }
        self.listener = nil
        for connection in self.connections.values { connection.close() }
        self.connections = [:]
        if let turn = self.turn { self.loop.cancel(turn) }
        self.turn = nil
        self.waiting = []
    }

    private func enqueue(_ connection: OperatorConnection) {
        self.waiting.append(connection)
        self.scheduleTurn()
    }

    private func scheduleTurn() {
        guard self.turn == nil, !self.waiting.isEmpty else { return }
        self.turn = self.loop.schedule(after: 0) { [weak self] in self?.answerNext() }
    }

    private func answerNext() {
        self.turn = nil
        guard !self.waiting.isEmpty else { return }
        self.waiting.removeFirst().answerNow()
        self.scheduleTurn()
    }

    func ready(_ fd: Int32, _ readiness: Readiness) {
        while let descriptor = LocalSocket.accept(from: fd) {
            let user = LocalSocket.peerUser(of: descriptor.number)
            guard user == 0 || user == geteuid() else {
                self.log.warning("operator of another user refused", ["user": .int(user ?? .max)])
                continue
            }
            guard self.connections.count < Self.limit else { continue }
            do throws(SystemError) {
                let connection = try OperatorConnection(
                    descriptor, loop: self.loop, desk: self.desk,
                    whenAsked: { [weak self] connection in self?.enqueue(connection) },
                    whenClosed: { [weak self] number in self?.connections[number] = nil })
                self.connections[connection.number] = connection
            } catch {
                self.log.error("operator's connection failed", ["error": .string("\(error)")])
            }
        }
    }
}
