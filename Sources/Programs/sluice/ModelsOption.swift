import ArgumentParser
import Domain
import JSON

/// `--models`: the list of models that a key or a project may use.
struct ModelsOption: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The models it may use: aliases or provider:model, with one * each if need be, such as fast,openai:gpt-*; "
                + "all: every model, which is the default.", valueName: "list"))
    var models: String?

    /// Said while the command line is read, so that the usage beside it is that of the command.
    mutating func validate() throws { _ = try self.members() }

    /// The member of a request; none where the option was not given.
    func members() throws -> [JSONValue.Member] {
        guard let models else { return [] }
        if models.utf8.elementsEqual("all".utf8) { return [JSONValue.Member("models", .null)] }
        if models.utf8.elementsEqual("none".utf8) {
            throw ValidationError(
                "--models needs names of models, or all for every model; revoke a key that may use none")
        }
        let entries = models.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).map {
            Array($0)
        }
        guard entries.count <= ModelPattern.maximumEntries else {
            throw ValidationError("--models takes \(ModelPattern.maximumEntries) entries at the most")
        }
        if let wrong = entries.first(where: { !ModelPattern.isPossible($0) }) {
            throw ValidationError(
                "--models needs aliases or provider:model without blanks, with one * at the most, not "
                    + "'\(String(decoding: wrong, as: UTF8.self))'")
        }
        return [JSONValue.Member("models", .array(entries.map { .string($0) }))]
    }

    /// The list among the members of an answer, in one cell of a table.
    static func summary(of value: JSONValue) -> String {
        guard let models = value["models"]?.array else { return "all" }
        return models.map { AdministrationOutput.cell($0) }.joined(separator: ",")
    }
}
