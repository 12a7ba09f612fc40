import Domain
import Glibc
import Logging
import Platform

/// The key that is made at the first start of a gateway that needs one and has none configured.
///
/// Only the holder of the instance file's lock may use this.
enum StaticKeyFile {
    static let name = "static_key"
    static let prefix = "sk-sl-"
    /// Bytes of randomness in a key.
    static let entropy = 32
    private static let unfinished = "static_key.new"

    /// The key in the file; nil when there is no file.
    static func read(in directory: borrowing StateDirectory) throws(StartFailure) -> Secret? {
        guard let file = try directory.open(Self.name, O_RDONLY) else { return nil }
        let size = try directory.checkedSize(of: file.number, Self.name)
        let path = directory.path(of: Self.name)
        var bytes = [UInt8](repeating: 0, count: 1024)
        let count = unsafe Glibc.read(file.number, &bytes, bytes.count)
        guard count >= 0 else { throw StateDirectory.failure("cannot read \(path)", ControlExitCode.stateDamaged) }
        var key = bytes.prefix(count)
        if key.last == UInt8(ascii: "\n") { key.removeLast() }
        guard size == count, (16...512).contains(key.count), key.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            throw StartFailure(
                "\(path) is damaged: expected one key of 16 to 512 printable ASCII characters; it is left as it is",
                code: ControlExitCode.stateDamaged)
        }
        return Secret(Array(key))
    }

    /// Makes a key of `random` bytes and keeps it. The file is there with the whole key or not at all.
    static func create(
        in directory: borrowing StateDirectory, random: (Int) throws(StartFailure) -> [UInt8]
    ) throws(StartFailure) -> Secret {
        let key = Array(Self.prefix.utf8) + Base64URL.encode(try random(Self.entropy))
        let path = directory.path(of: Self.name)
        // Left over from a start that was interrupted.
        try directory.remove(Self.unfinished)
        guard let file = try directory.open(Self.unfinished, O_WRONLY | O_CREAT | O_EXCL) else {
            throw StartFailure("cannot create \(path)", code: ControlExitCode.cannotCreate)
        }
        let line = key + [UInt8(ascii: "\n")]
        guard fchmod(file.number, 0o600) == 0, unsafe write(file.number, line, line.count) == line.count,
            fsync(file.number) == 0
        else { throw StateDirectory.failure("cannot write \(path)", ControlExitCode.cannotCreate) }
        try directory.rename(Self.unfinished, to: Self.name)
        try directory.sync()
        return Secret(key)
    }
}
