import Administration
import ArgumentParser
import JSON

/// What the commands of the administration have in common.
enum CommandText {
    /// Behind the examples of each.
    static let administration = """
        A running gateway is asked over its socket; while it is stopped the same is done to its files directly. A change \
        is in force in every worker when the command returns.

        Exit status: 0 done, 1 refused, 2 wrong usage, 69 a gateway runs but does not answer (or could not store the \
        change), 70 to 79 files or configuration that cannot be used.
        """
    /// The same for what the configuration file can have as well.
    static let objects = """
        A gateway has to run: it is asked over its socket. A change is in force in every worker when the command returns, \
        and it stays. What the configuration file says wins: such a name is refused, with its line.

        Exit status: 0 done, 1 refused, 2 wrong usage, 69 no gateway answers, 70 to 79 files or configuration that cannot \
        be used.
        """

    /// The texts that were given, as members of a request.
    static func members(_ texts: [(name: String, text: String?)]) -> [JSONValue.Member] {
        texts.compactMap { name, text in text.map { JSONValue.Member(name, $0) } }
    }

    /// Says in one line what has been done to what is in the answer, or prints it.
    static func done(_ what: String, _ answer: (text: [UInt8], value: JSONValue), json: Bool) {
        guard !json else { return AdministrationOutput.write(json: answer.text) }
        let cell = AdministrationOutput.cell
        let id = cell(answer.value["id"])
        let name = cell(answer.value["name"]) == "-" ? cell(answer.value["target"]) : cell(answer.value["name"])
        StandardStream.output.write(id == "-" ? "\(what) \(name)\n" : "\(what) \(id) (\(name))\n")
    }

    /// Makes something, and says so.
    static func create(
        _ option: ConfigurationOption, _ path: [String], _ members: [JSONValue.Member], json: Bool
    ) throws {
        self.done("made", try AdministrationOutput.body(of: option, .post, path, members), json: json)
    }

    /// Changes something, and says so. `path` is looked up only where there is anything to change.
    static func update(
        _ option: ConfigurationOption, _ path: @autoclosure () throws -> [String], _ members: [JSONValue.Member],
        json: Bool
    ) throws {
        guard !members.isEmpty else { throw ValidationError("there is nothing to change") }
        self.done("changed", try AdministrationOutput.body(of: option, .patch, try path(), members), json: json)
    }

    static func deleted(_ path: [String]) {
        StandardStream.output.write("deleted \(AdministrationOutput.printable(Array((path.last ?? "").utf8)))\n")
    }

    /// The id that a text is or, where it is a name, that what is listed by this name has.
    static func id(
        _ text: String, prefix: String, of option: ConfigurationOption, _ path: [String], _ noun: String,
        _ query: [JSONValue.Member] = [], where isMeant: (JSONValue) -> Bool = { _ in true }
    ) throws -> String {
        if text.hasPrefix(prefix) { return text }
        let (_, value) = try AdministrationOutput.body(of: option, .get, path, query + [JSONValue.Member("name", text)])
        let found = (value["data"]?.array ?? []).filter {
            ($0["name"]?.string ?? []).elementsEqual(text.utf8) && isMeant($0)
        }
        guard found.count < 2 else {
            StandardStream.error.write(
                "sluice: \(found.count) are named \(text): give the id of the \(noun) (\(prefix)…)\n")
            throw ExitCode(1)
        }
        guard let id = found.first?["id"]?.string else {
            StandardStream.error.write("sluice: there is no \(noun) named \(text)\n")
            throw ExitCode(1)
        }
        return String(decoding: id, as: UTF8.self)
    }
}
