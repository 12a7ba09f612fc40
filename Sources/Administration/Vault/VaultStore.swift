import Database
import Domain

/// The table `secrets`: the pepper, and by what a wrong master key is noticed, both sealed.
struct VaultStore {
    private static let check = "check"
    private static let pepper = "pepper"
    /// What is sealed in the row `check`.
    static let checkText = Secret(Array("sluice".utf8))

    private let database: any DatabaseConnection

    init(_ database: any DatabaseConnection) {
        self.database = database
    }

    /// Both rows; nil where there is none.
    func rows() throws(VaultError) -> (check: [UInt8]?, pepper: [UInt8]?) {
        do throws(DatabaseError) {
            return try self.read()
        } catch {
            throw .database(error)
        }
    }

    /// Writes both rows, unless another gateway came first.
    func insert(check: [UInt8], pepper: [UInt8]) throws(VaultError) {
        do throws(DatabaseError) {
            try self.database.transaction { () throws(DatabaseError) in
                // Two gateways that start at once do not both make a pepper.
                try self.lock()
                guard try self.read() == (nil, nil) else { return }
                for (name, sealed) in [(Self.check, check), (Self.pepper, pepper)] {
                    let insert = try self.database.statement("INSERT INTO secrets(name, sealed) VALUES ($1, $2)")
                    try insert.bind(1, text: name)
                    try insert.bind(2, blob: sealed)
                    try insert.run()
                }
            }
        } catch {
            throw .database(error)
        }
    }

    /// Takes the row that all who write take, until the end of the transaction.
    func lock() throws(DatabaseError) {
        try self.database.execute("UPDATE control SET change_seq = change_seq")
    }

    /// Writes both rows anew, within the caller's transaction.
    func replace(check: [UInt8], pepper: [UInt8]) throws(DatabaseError) {
        for (name, sealed) in [(Self.check, check), (Self.pepper, pepper)] {
            let update = try self.database.statement("UPDATE secrets SET sealed = $2 WHERE name = $1")
            try update.bind(1, text: name)
            try update.bind(2, blob: sealed)
            try update.run()
        }
    }

    func read() throws(DatabaseError) -> (check: [UInt8]?, pepper: [UInt8]?) {
        let select = try self.database.statement("SELECT name, sealed FROM secrets")
        defer { select.reset() }
        var check: [UInt8]?
        var pepper: [UInt8]?
        while try select.step() {
            let name = select.bytes(0)
            if name.elementsEqual(Self.check.utf8) { check = select.bytes(1) }
            if name.elementsEqual(Self.pepper.utf8) { pepper = select.bytes(1) }
        }
        return (check, pepper)
    }
}
