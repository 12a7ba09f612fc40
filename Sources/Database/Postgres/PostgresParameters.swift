import CPostgres
import Domain

/// What libpq is told when a connection is made. All that it would otherwise take from files and the environment is said.
struct PostgresParameters {
    private var values: [(name: String, value: [UInt8])] = []

    /// `addresses` are those of the host's name, to be tried in their order; none where it is an address itself, or a folder.
    init(_ options: PostgresOptions, addresses: [String]) {
        let address = options.address
        func add(_ name: String, _ value: String) { self.values.append((name, Array(value.utf8))) }
        // The name stays, for certificates: once for each of its addresses.
        add("host", addresses.isEmpty ? address.host : addresses.map { _ in address.host }.joined(separator: ","))
        if !addresses.isEmpty { add("hostaddr", addresses.joined(separator: ",")) }
        add("port", "\(address.port)")
        add("dbname", address.database)
        add("user", address.user)
        // No place for a file of passwords.
        add("passfile", "/dev/null/none")
        add("sslmode", address.isLocal ? "disable" : address.tls.rawValue)
        if let certificate = address.rootCertificate { add("sslrootcert", certificate) }
        add("gssencmode", "disable")
        add("client_encoding", "UTF8")
        add("application_name", options.applicationName)
        add("target_session_attrs", "read-write")
        // A peer that is gone without a word is noticed by the kernel, too.
        add("keepalives", "1")
        add("keepalives_idle", "10")
        add("keepalives_interval", "5")
        add("keepalives_count", "3")
        add("tcp_user_timeout", "\(options.statementTimeout &+ options.grace)")
        if let password = address.password { self.values.append(("password", password.withBytes { $0 })) }
    }

    /// Begins to connect; nil when there is no memory.
    func start() -> OpaquePointer? {
        // One piece of memory for all texts, wiped afterwards: the password is among them.
        var memory: [UInt8] = []
        var places: [(name: Int, value: Int)] = []
        memory.reserveCapacity(self.values.reduce(0) { $0 + $1.name.utf8.count + $1.value.count + 2 })
        for (name, value) in self.values {
            let start = memory.count
            memory += name.utf8
            memory.append(0)
            places.append((start, memory.count))
            memory += value
            memory.append(0)
        }
        defer { for index in memory.indices { memory[index] = 0 } }
        return unsafe memory.withUnsafeBytes { bytes in
            let start = unsafe bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            let names = unsafe places.map { place in unsafe start.map { unsafe $0 + place.name } } + [nil]
            let values = unsafe places.map { place in unsafe start.map { unsafe $0 + place.value } } + [nil]
            return unsafe PQconnectStartParams(names, values, 0)
        }
    }
}
