import ArgumentParser
import JSON

/// `--expires`, as `sluice keys create` and `update` take it.
struct ExpiryOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            """
            When the key stops to be good: a time (2027-01-31T12:00:00Z), a day (2027-01-31) or a time from now (30d, 12h); \
            none: never.
            """, valueName: "when"))
    var expires: String?

    /// The member of a request.
    func members() throws -> [JSONValue.Member] {
        guard let text = self.expires else { return [] }
        if text.utf8.elementsEqual("none".utf8) { return [JSONValue.Member("expires", .null)] }
        guard let time = ExpiryText.resolve(text) else {
            throw ValidationError(
                "--expires needs a time, a day or a time from now such as 30d or 12h, not '\(text)'")
        }
        return [JSONValue.Member("expires", time)]
    }
}
