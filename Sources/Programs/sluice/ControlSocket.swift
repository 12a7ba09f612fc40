import Administration
import Glibc
import JSON
import Platform

/// The socket on which a running gateway takes the requests of operators.
struct ControlSocket {
    /// The answer was broken off; whether the request was carried out is not known.
    struct BrokenOff: Error {}

    /// Absolute.
    let stateDirectory: String
    /// Seconds that each step of an exchange may take.
    var patience = 30
    /// What ends the waiting for an answer when there is something to read.
    var interruption: Interruption?

    /// The answer to the frame of a request; nil where nobody listens.
    func exchange(_ frame: [UInt8]) throws(BrokenOff) -> AdministrationReply? {
        guard let socket = self.connect() else { return nil }
        return try self.exchange(frame, over: socket.number)
    }

    private func connect() -> OwnedDescriptor? {
        // Named by the folder's number: paths of sockets are short, those of folders are not.
        let number = unsafe open("\(self.stateDirectory)/run", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard number >= 0 else { return nil }
        let folder = OwnedDescriptor(adopting: number)
        return try? LocalSocket.connect(path: "/proc/self/fd/\(folder.number)/control.sock", patience: self.patience)
    }

    private func exchange(_ frame: [UInt8], over socket: Int32) throws(BrokenOff) -> AdministrationReply {
        var rest = frame[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw BrokenOff() }
            rest = rest.dropFirst(count)
        }
        let header = try self.receive(AdministrationFrame.headerSize, from: socket)
        guard let length = AdministrationFrame.length(header) else { throw BrokenOff() }
        let text = try self.receive(length, from: socket)
        guard let reply = AdministrationReply(decoding: text, with: JSONReader()) else { throw BrokenOff() }
        return reply
    }

    private func receive(_ count: Int, from socket: Int32) throws(BrokenOff) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            guard self.interruption?.waits(for: socket, Int16(POLLIN)) ?? true else { throw BrokenOff() }
            let received = unsafe bytes.withUnsafeMutableBytes { buffer in
                unsafe recv(socket, buffer.baseAddress.map { unsafe $0 + filled }, count - filled, 0)
            }
            if received < 0, errno == EINTR { continue }
            guard received > 0 else { throw BrokenOff() }
            filled += received
        }
        return bytes
    }
}
