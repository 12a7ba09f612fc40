import ArgumentParser
import JSON

/// Whose limits are meant: `sluice limits show KEY`, `--project web` and so on.
struct LimitSubjectOptions: ParsableArguments {
    @Argument(help: ArgumentHelp("A key's id (key_…), its name, or static.", valueName: "key"))
    var key: String?
    @Option(help: "A project, by name or id; beside a key's name: the project of the key.")
    var project: String?
    @Option(help: "An organization, by name or id.")
    var organization: String?
    @Option(help: "A user, by id (user_…).")
    var user: String?
    @Option(help: "A model, by the name that clients ask for.")
    var model: String?
    @Option(help: ArgumentHelp("An IP address.", valueName: "address"))
    var ip: String?
    @Option(help: ArgumentHelp("Callers without a key from an IP address.", valueName: "address"))
    var anonymous: String?
    @Flag(help: "The whole gateway.")
    var global = false

    mutating func validate() throws {
        let named = [
            self.key, self.key == nil ? self.project : nil, self.organization, self.user, self.model, self.ip,
            self.anonymous, self.global ? "" : nil,
        ]
        guard named.count(where: { $0 != nil }) == 1 else {
            throw ValidationError(
                "say whose limits: one of KEY, --project, --organization, --user, --model, --ip, --anonymous, --global")
        }
    }

    /// The members of a request that name it.
    var members: [JSONValue.Member] {
        let texts = [
            ("key", self.key), ("project", self.project), ("organization", self.organization), ("user", self.user),
            ("model", self.model), ("ip", self.ip), ("anonymous", self.anonymous),
        ]
        return texts.compactMap { name, text in text.map { JSONValue.Member(name, $0) } }
            + (self.global ? [JSONValue.Member("global", .bool(true))] : [])
    }
}
