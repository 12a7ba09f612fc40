import Administration
import Domain
import EventLog

/// A file of the state folder that holds the first key until somebody has it.
///
/// Only the holder of the instance file's lock may use this.
struct KeyFile: Hashable, Sendable {
    /// Where the key stays when there is no terminal to show it on.
    static let kept = KeyFile(name: "static_key")
    /// Where it waits until it is shown.
    static let unseen = KeyFile(name: "first_key")

    let name: String

    /// The key in the file; nil when there is no file.
    func read(in directory: borrowing StateDirectory) throws(StartFailure) -> Secret? {
        try directory.line(of: self.name, expected: "one key of 16 to 512 printable ASCII characters") { key in
            guard (16...512).contains(key.count), key.allSatisfy({ (0x21...0x7E).contains($0) }) else { return nil }
            return Secret(Array(key))
        }
    }

    /// Keeps `key`. The file is there with the whole key or not at all.
    func write(_ key: Secret, in directory: borrowing StateDirectory) throws(StartFailure) {
        try directory.write(line: key.withBytes { $0 }, to: self.name, by: "\(self.name).new")
    }

    /// Takes the file away; it may be missing.
    func remove(in directory: borrowing StateDirectory) throws(StartFailure) {
        try directory.removeForGood(self.name)
    }
}
