import Domain
import JSON

/// Reads one object with the schema of the file, so that both mean and refuse the same.
public enum ObjectSchema {
    /// Members of providers that only somebody with access to the file may decide: what is behind them is the machine's.
    static let fileOnly = ["proxy", "ca_file", "allow_private_network"]

    /// What came of it: the object, or all that is wrong with it.
    public enum Outcome: Hashable, Sendable {
        case object(ConfiguredObject)
        case problems([ObjectProblem])
    }

    /// `providers` are the names that targets may have.
    public static func read(_ object: ConfigurationObject, providers: [String]) -> Outcome {
        let problems = ProblemSink(file: "")
        let node = DocumentNode(.object(object.members), path: "", problems: problems)
        let entry = DocumentEntry(key: object.name.text, position: .start, value: node)
        let read: ConfiguredObject?
        switch object.name.kind {
        case .provider:
            self.refuseFileOnly(object.members, problems)
            self.refuseMasks(object.members, problems)
            let schema = ProviderSchema(problems: problems) { (_, _) throws(BoundedFile.Failure) in
                throw BoundedFile.Failure(reason: "it can be set in the file only")
            }
            read = schema.read(entry).map {
                var provider = $0
                provider.settings.reach = .publicInternet
                return .provider(provider)
            }
        case .alias: read = .alias(AliasSchema(problems: problems, providers: providers).read(entry))
        case .price: read = PricingSchema(problems: problems, providers: providers).price(entry).map { .price($0) }
        }
        guard let read, problems.problems.isEmpty else { return .problems(self.problems(of: problems)) }
        return .object(read)
    }

    private static func refuseFileOnly(_ members: [JSONValue.Member], _ problems: ProblemSink) {
        for member in members where member.value != .null && member.value != .bool(false) {
            let key = String(decoding: member.key, as: UTF8.self)
            guard self.fileOnly.contains(key) else { continue }
            problems.problem(at: .start, path: key, "can be set in the configuration file only: leave it out")
        }
    }

    /// A mask that is not the one of the secret in its place stands for nothing.
    private static func refuseMasks(_ members: [JSONValue.Member], _ problems: ProblemSink) {
        for (place, value) in ObjectSecrets.all(in: members) {
            guard case .header = place, value.contains(0xE2),
                String(decoding: value, as: UTF8.self).unicodeScalars.contains("\u{2026}")
            else { continue }
            problems.problem(at: .start, path: "\(place)", "expected a header's value, not a masked one")
        }
    }

    private static func problems(of sink: ProblemSink) -> [ObjectProblem] {
        var seen: Set<String> = []
        let found = sink.problems.compactMap { problem -> ObjectProblem? in
            let path = problem.path.hasPrefix(".") ? String(problem.path.dropFirst()) : problem.path
            // A member that only the file may have is reported once.
            if self.fileOnly.contains(path), !seen.insert(path).inserted { return nil }
            return ObjectProblem(
                member: path.isEmpty ? "name" : path, message: problem.message,
                isUnknownMember: sink.unknown.contains(problem.path))
        }
        return found.isEmpty ? [ObjectProblem(member: "name", message: "expected an object")] : found
    }
}
