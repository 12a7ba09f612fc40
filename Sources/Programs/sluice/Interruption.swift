import Glibc
import Platform

/// Ctrl-C and the like for commands that go on until they are ended: noticed where the command waits, so that it ends in order. To be made
/// before any thread exists.
final class Interruption {
    private static let ends: [Int32] = [SIGINT, SIGTERM, SIGHUP, SIGQUIT]

    private let descriptor: SignalDescriptor
    /// The command is to end.
    private(set) var hasCome = false
    /// Other signals that have come since the last look.
    private var others: [Int32] = []

    /// `others` are noticed, too.
    init(others: [Int32] = []) throws(SystemError) {
        self.descriptor = try SignalDescriptor(Self.ends + others)
    }

    /// Waits until there is something to do with a descriptor (`events` as of poll; -1 stands for none), at most so long, and once more where
    /// only other signals have come; false when the time is over, the command is to end, or, where that `endsForOthers`, another signal
    /// has come.
    func waits(for number: Int32, _ events: Int16, milliseconds: Int32 = -1, endsForOthers: Bool = false) -> Bool {
        while !self.hasCome, !endsForOthers || self.others.isEmpty {
            var descriptors = [pollfd(fd: self.descriptor.number, events: Int16(POLLIN), revents: 0)]
            if number >= 0 { descriptors.append(pollfd(fd: number, events: events, revents: 0)) }
            let count = unsafe poll(&descriptors, nfds_t(descriptors.count), milliseconds)
            guard count > 0 else { return false }
            if descriptors[0].revents != 0 { self.take() }
            if number >= 0, descriptors[1].revents != 0 { return !self.hasCome }
        }
        return false
    }

    /// Waits for so long, or until the command is to end.
    func pause(milliseconds: Int32) {
        _ = self.waits(for: -1, 0, milliseconds: milliseconds)
    }

    /// The signals beside those that end the command.
    func takeOthers() -> [Int32] {
        self.take()
        defer { self.others = [] }
        return self.others
    }

    private func take() {
        while let signal = self.descriptor.next() {
            if Self.ends.contains(signal) { self.hasCome = true } else { self.others.append(signal) }
        }
    }

    /// Writes all of `text` to the standard output; false where nobody reads it, or the command is to end.
    func writes(_ text: String) -> Bool {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            guard self.waits(for: 1, Int16(POLLOUT)) else { return false }
            // As much as a pipe that has room at all takes without waiting.
            let count = unsafe rest.prefix(Int(PIPE_BUF)).withUnsafeBytes {
                unsafe Glibc.write(1, $0.baseAddress, $0.count)
            }
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            guard count > 0 else { return false }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
