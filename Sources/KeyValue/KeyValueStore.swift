import CLMDB
import Glibc

/// Writes a table that others read at the same time. One process writes; the lock file `-gate` holds off a second one.
///
/// A commit is on the disk when `write` returns, and is what every reader sees from then on. Lives on one thread; one per file
/// and process.
public final class KeyValueStore {
    /// Address space for the table, in bytes; the file only grows to what is used. It doubles when it is full.
    public static let standardMapSize = 1 << 30
    /// The map is not enlarged beyond this.
    static let mapSizeLimit = 1 << 36

    private let environment: KeyValueEnvironment
    private let gate: KeyValueGate

    /// Opens the table, makes an empty one where it is missing. The file is examined first; a damaged one is left as it is.
    public init(path: String, mapSize: Int = KeyValueStore.standardMapSize) throws(KeyValueError) {
        let gate = try KeyValueGate(path: path)
        self.environment = try gate.pass { () throws(KeyValueError) in
            try KeyValueFile.examine(path)
            return try KeyValueEnvironment(path: path, mapSize: mapSize)
        }
        self.gate = gate
    }

    /// Runs `body` in a write transaction, committed when it returns and undone when it throws. When the map is full it is
    /// enlarged and `body` runs again, so it must be repeatable.
    public func write<Value>(
        _ body: (KeyValueTransaction) throws(KeyValueError) -> Value
    ) throws(KeyValueError) -> Value {
        try self.gate.pass { () throws(KeyValueError) in
            // Old pages are not used again while a reader that was killed seems to read them.
            try self.environment.sweepReaders()
            while true {
                do throws(KeyValueError) {
                    return try self.attempt(body)
                } catch {
                    guard error.code == MDB_MAP_FULL, self.environment.mapSize < Self.mapSizeLimit else { throw error }
                    let larger = self.environment.mapSize * 2
                    try self.environment.check("map", unsafe mdb_env_set_mapsize(self.environment.pointer, larger))
                }
            }
        }
    }

    /// Reads in one state of the table.
    public func read<Value>(
        _ body: (KeyValueTransaction) throws(KeyValueError) -> Value
    ) throws(KeyValueError) -> Value {
        try self.gate.pass { () throws(KeyValueError) in
            let transaction = try KeyValueTransaction(self.environment, readOnly: true)
            defer { transaction.abort() }
            return try body(transaction)
        }
    }

    /// Frees the slots of readers that were killed; how many there were.
    public func sweepReaders() throws(KeyValueError) -> Int {
        try self.gate.pass { () throws(KeyValueError) in try self.environment.sweepReaders() }
    }

    private func attempt<Value>(
        _ body: (KeyValueTransaction) throws(KeyValueError) -> Value
    ) throws(KeyValueError) -> Value {
        let transaction = try KeyValueTransaction(self.environment, readOnly: false)
        defer { transaction.abort() }
        let value = try body(transaction)
        try transaction.commit()
        return value
    }
}
