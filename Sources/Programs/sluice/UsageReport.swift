import Administration
import JSON

/// Pages of a report about usage, fetched one after the other.
struct UsageReport {
    /// `daily`, `hourly` or `summary`.
    let path: String
    let option: ConfigurationOption
    let members: [JSONValue.Member]

    /// The first page, with the entries of all of them.
    func whole() throws -> JSONValue {
        var first: [JSONValue.Member] = []
        var entries: [JSONValue] = []
        var after: JSONValue?
        repeat {
            let page = after.map { [JSONValue.Member("after", $0)] } ?? []
            let (_, value) = try AdministrationOutput.body(
                of: self.option, .get, ["usage", self.path], self.members + page)
            if first.isEmpty, case .object(let members) = value { first = members }
            entries += value["data"]?.array ?? []
            after = value["next"]?.string.map { .string($0) }
        } while after != nil
        return .object(
            first.map { member in
                if member.key.elementsEqual("data".utf8) {
                    return JSONValue.Member(key: member.key, value: .array(entries))
                }
                if member.key.elementsEqual("next".utf8) { return JSONValue.Member(key: member.key, value: .null) }
                return member
            })
    }
}
