import Domain

/// The listening sockets that a service manager passed to this gateway (sd_listen_fds(3)).
///
/// `sluice serve` takes the variables out of the environment when they are meant for another process, so those that are
/// there count.
struct PassedSockets: Hashable {
    /// How many there are; they have the numbers from 3.
    let count: Int
    /// What the manager calls them (`FileDescriptorName=`), in order; may be fewer.
    let names: [String]

    /// More are not believed; nobody has as many sockets.
    static let limit: Int64 = 64

    init(in environment: [String: String]) {
        let count = environment["LISTEN_FDS"].flatMap { DecimalText.parse($0.utf8) } ?? 0
        self.count = (1...Self.limit).contains(count) ? Int(count) : 0
        self.names = environment["LISTEN_FDNAMES"].map { $0.split(separator: ":").map(String.init) } ?? []
    }

    /// Where a gateway listens whose configuration does not say: on all of them, or nil when there are none.
    var listeners: [ListenerSettings]? {
        self.count == 0 ? nil : (0..<self.count).map { ListenerSettings(self.address($0)) }
    }

    /// One sentence a socket that `listen` leaves out: clients that connect there wait in vain.
    func notices(listen: [ListenerSettings]) -> [String] {
        (0..<self.count).compactMap { index in
            guard !listen.contains(where: { $0.address == self.address(index) }) else { return nil }
            let name = index < self.names.count ? " (\(self.names[index]))" : ""
            return "the service manager passed the socket fd:\(3 + index)\(name), but `listen` does not name it: "
                + "nobody takes connections there"
        }
    }

    private func address(_ index: Int) -> ListenAddress { .inherited(descriptor: Int32(3 + index)) }
}
