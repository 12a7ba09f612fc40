import Domain
import IPC
import EventLog
import Platform

/// The sockets that clients connect to, as one configuration names them, with the files for TLS. Owned here and shared with every
/// edge, so that none of them takes connections with it when it dies.
///
/// Two sets share the sockets that both name; a socket is closed with the last set that has it.
final class ListenerSet {
    private struct Member {
        var listener: Listener
        var tls: TLSFilePair?
    }

    private let members: [Member]
    /// As edges are told of them; a second one of the same text (port 0 twice) is another.
    let entries: [ListenerOffer.Entry]

    /// Opens all of them or none; the failure names the address. What `old` has open already stays as it is. Files are opened anew.
    init(_ settings: [ListenerSettings], keeping old: ListenerSet? = nil) throws(StartFailure) {
        var members: [Member] = []
        var entries: [ListenerOffer.Entry] = []
        var seen: [String: Int] = [:]
        for setting in settings {
            let text = Self.text(setting.address)
            let count = seen[text, default: 0] + 1
            seen[text] = count
            let name = count == 1 ? text : "\(text)#\(count)"
            let tls = try setting.tls.map { (files) throws(StartFailure) in try TLSFilePair(files) }
            let kept = old?.listener(name)
            let listener: Listener
            if let kept {
                listener = kept
            } else {
                listener = try Self.listener(setting.address, inherits: old == nil)
            }
            members.append(Member(listener: listener, tls: tls))
            entries.append(ListenerOffer.Entry(name: name, hasTLS: tls != nil))
        }
        self.members = members
        self.entries = entries
    }

    /// Takes over what another program of this process had open.
    init(_ settings: [ListenerSettings], adopting sockets: [SupervisorState.Socket]) throws(StartFailure) {
        guard sockets.count == settings.count else {
            throw StartFailure("sluice-supervisor: the program before has left no listeners")
        }
        var seen: [String: Int] = [:]
        self.members = sockets.map {
            Member(
                listener: Listener(adopting: $0.number, path: $0.path),
                tls: $0.tls.map { TLSFilePair(certificate: $0.certificate, key: $0.key) })
        }
        self.entries = zip(settings, sockets).map { setting, socket in
            let text = Self.text(setting.address)
            let count = seen[text, default: 0] + 1
            seen[text] = count
            return ListenerOffer.Entry(name: count == 1 ? text : "\(text)#\(count)", hasTLS: socket.tls != nil)
        }
    }

    /// For the program that replaces this one.
    var sockets: [SupervisorState.Socket] {
        self.members.map { member in
            SupervisorState.Socket(
                number: member.listener.number, path: member.listener.path,
                tls: member.tls.map { .init(certificate: $0.numbers[0], key: $0.numbers[1]) })
        }
    }

    /// What goes with `entries` in an offer.
    var descriptors: [Int32] { self.members.flatMap { [$0.listener.number] + ($0.tls?.numbers ?? []) } }

    /// The bound addresses as people write them, with the real ports.
    var names: [String] { self.members.map(\.listener.name) }

    /// The same with what is spoken there.
    var urls: [String] {
        self.members.map { ($0.tls == nil ? "http://" : "https://") + $0.listener.name }
    }

    /// Undoes what adopting the sockets did to their backlogs.
    func restoreBacklogs() {
        for member in self.members { member.listener.restoreBacklog() }
    }

    private func listener(_ name: String) -> Listener? {
        zip(self.entries, self.members).first { $0.0.name == name }?.1.listener
    }

    private static func listener(_ address: ListenAddress, inherits: Bool) throws(StartFailure) -> Listener {
        // The number of one that was closed may be anything by now.
        if case .inherited = address, !inherits {
            throw StartFailure("cannot listen on \(Self.text(address)): an inherited socket needs a restart")
        }
        if case .inherited(let number) = address { try InheritedSockets.ofThisProcess.check(number) }
        do throws(SystemError) {
            return try Self.open(address)
        } catch {
            throw StartFailure("cannot listen on \(Self.text(address)): \(error.reason)")
        }
    }

    private static func open(_ address: ListenAddress) throws(SystemError) -> Listener {
        switch address {
        case .ipv4(let address, let port): try Listener(address: address, port: port)
        case .ipv6(let address, let scope, let port): try Listener(address: address, port: port, scope: scope)
        case .unix(let path): try Listener(path: path)
        case .inherited(let descriptor): try Listener(inherited: descriptor)
        }
    }

    /// The address as it was asked for.
    static func text(_ address: ListenAddress) -> String {
        switch address {
        case .ipv4(let bytes, let port): "\(bytes.map(String.init).joined(separator: ".")):\(port)"
        case .ipv6(let bytes, _, let port): "[\(Self.hexadecimal(bytes))]:\(port)"
        case .unix(let path): "unix:\(path)"
        case .inherited(let descriptor): "fd:\(descriptor)"
        }
    }

    /// Eight groups, without the shortening of zeros.
    private static func hexadecimal(_ bytes: [UInt8]) -> String {
        stride(from: 0, to: bytes.count - 1, by: 2)
            .map { String(UInt16(bytes[$0]) << 8 | UInt16(bytes[$0 + 1]), radix: 16) }
            .joined(separator: ":")
    }
}
