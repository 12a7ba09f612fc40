import ArgumentParser
import Configuration
import Glibc
import JSON

/// `--body`: members of a request as JSON, for what has no option of its own.
struct BodyOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "Further members as a JSON object, as the API takes them; @FILE reads them from a file, - from the standard input.",
            valueName: "json"))
    var body: String?

    /// The members; those of `others` count where both have one.
    func members(beside others: [JSONValue.Member] = []) throws -> [JSONValue.Member] {
        guard let body else { return others }
        let text: [UInt8]
        switch body {
        case "-": text = try SecretOption.contents("/dev/stdin")
        case _ where body.hasPrefix("@"): text = try SecretOption.contents(String(body.dropFirst()))
        default: text = Array(body.utf8)
        }
        guard case .object(let members) = try? JSONReader().read(text, maximumBytes: text.count) else {
            throw ValidationError("--body needs a JSON object")
        }
        return members.filter { member in !others.contains { $0.key == member.key } } + others
    }
}
