import Domain
import IPC
import EventLog
import Platform

/// The sockets that clients connect to. Owned here and shared with every edge, so that none of them takes connections with
/// it when it dies.
final class ListenerSet {
    private let listeners: [Listener]
    /// As edges are told of them; a second one of the same text (port 0 twice) is another.
    let entries: [ListenerOffer.Entry]

    /// Opens all of them or none; the failure names the address.
    convenience init(_ addresses: [ListenAddress]) throws(StartFailure) {
        var listeners: [Listener] = []
        for address in addresses {
            if case .inherited(let number) = address { try InheritedSockets.ofThisProcess.check(number) }
            do throws(SystemError) {
                listeners.append(try Self.open(address))
            } catch {
                throw StartFailure("sluice: cannot listen on \(Self.text(address)): \(error.reason)")
            }
        }
        self.init(addresses, listeners)
    }

    private init(_ addresses: [ListenAddress], _ listeners: [Listener]) {
        self.listeners = listeners
        var seen: [String: Int] = [:]
        self.entries = addresses.map {
            let text = Self.text($0)
            let count = seen[text, default: 0] + 1
            seen[text] = count
            return ListenerOffer.Entry(name: count == 1 ? text : "\(text)#\(count)", hasTLS: false)
        }
    }

    /// Takes over what another program of this process had open.
    convenience init(_ addresses: [ListenAddress], adopting sockets: [SupervisorState.Socket]) throws(StartFailure) {
        guard sockets.count == addresses.count else {
            throw StartFailure("sluice-supervisor: the program before has left no listeners")
        }
        self.init(addresses, sockets.map { Listener(adopting: $0.number, path: $0.path) })
    }

    /// For the program that replaces this one.
    var sockets: [SupervisorState.Socket] {
        self.listeners.map { SupervisorState.Socket(number: $0.number, path: $0.path) }
    }

    var numbers: [Int32] { self.listeners.map(\.number) }

    /// The bound addresses as people write them, with the real ports.
    var names: [String] { self.listeners.map(\.name) }

    /// Undoes what adopting the sockets did to their backlogs.
    func restoreBacklogs() {
        for listener in self.listeners { listener.restoreBacklog() }
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
