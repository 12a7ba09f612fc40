import ArgumentParser
import Configuration
import Glibc
import JSON

/// Where a provider's key is read from: never from the command line, which others can see.
struct SecretOption: ParsableArguments {
    @Option(
        help: ArgumentHelp("The environment variable of this command that has the provider's key.", valueName: "name"))
    var keyFromEnv: String?
    @Option(help: ArgumentHelp("The file that has the provider's key; - for the standard input.", valueName: "file"))
    var keyFile: String?

    mutating func validate() throws {
        guard self.keyFromEnv == nil || self.keyFile == nil else {
            throw ValidationError("expected either --key-from-env or --key-file, not both")
        }
    }

    /// The member `api_key`; none where no option was given.
    func members() throws -> [JSONValue.Member] {
        if let keyFromEnv {
            guard let value = unsafe getenv(keyFromEnv) else {
                throw ValidationError("the environment variable \(keyFromEnv) is not set")
            }
            return [JSONValue.Member("api_key", unsafe String(cString: value))]
        }
        guard let keyFile else { return [] }
        var bytes = try Self.contents(keyFile == "-" ? "/dev/stdin" : keyFile)
        while bytes.last == UInt8(ascii: "\n") || bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ValidationError("\(keyFile) is no text")
        }
        return [JSONValue.Member("api_key", text)]
    }

    /// A file of at most 1 MiB.
    static func contents(_ path: String) throws -> [UInt8] {
        do throws(BoundedFile.Failure) {
            return try BoundedFile.read(path: path, limit: 1 << 20)
        } catch {
            StandardStream.error.write("sluice: \(path): the file cannot be read: \(error.reason)\n")
            throw ExitCode(1)
        }
    }
}
