import Domain

/// Reads the keys of a provider: `api_key`, or the pool `keys`.
struct KeysSchema {
    /// What they say.
    struct Keys {
        var keys: [ProviderKey] = []
        /// Whether the file gives one, be it wrong.
        var areGiven = false
    }

    private static let largest = 1_000_000_000

    let problems: ProblemSink

    func read(_ reader: inout MappingReader) -> Keys {
        let single = reader.entry("api_key")
        let key = self.key(&reader, "api_key")
        let listed = reader.entry("keys")
        let pool = reader.list("keys", of: "keys, such as [{name: one, value: \"${API_KEY}\"}]")
        var areGiven = !reader.lacks("api_key")
        guard let pool, !pool.isEmpty else {
            areGiven = areGiven || (listed != nil && pool == nil)
            return Keys(keys: key.map { [ProviderKey(value: $0)] } ?? [], areGiven: areGiven)
        }
        if let single {
            self.problems.problem(
                at: single.position, path: single.value.path, "expected either api_key or keys, not both")
        }
        if pool.count > ProviderSettings.maximumKeys {
            self.problems.problem(
                pool[ProviderSettings.maximumKeys],
                "a provider has at most \(ProviderSettings.maximumKeys) keys: leave the others out")
        }
        return Keys(keys: self.keys(pool), areGiven: true)
    }

    private func keys(_ pool: [DocumentNode]) -> [ProviderKey] {
        var keys: [ProviderKey] = []
        // By the bytes of their names.
        var names: Set<[UInt8]> = []
        var values: [Secret: String] = [:]
        for node in pool {
            var reader = MappingReader(node, problems: self.problems)
            let name = self.name(&reader, isAlone: pool.count == 1, names: &names)
            if reader.lacks("value") {
                self.problems.problem(node, "expected a key under value")
            }
            let value = self.key(&reader, "value")
            let requests = reader.value("requests_per_minute", ScalarParser.integer(1...Self.largest))
            let tokens = reader.value("tokens_per_minute", ScalarParser.integer(1...Self.largest))
            let weight = reader.value("weight", ScalarParser.integer(1...1_000_000))
            reader.finish()
            guard let value else { continue }
            if let first = values[value] {
                self.problems.notice(
                    at: node.position, path: node.path,
                    "is the same key as \(first): what it may a minute is not doubled")
            }
            values[value] = values[value] ?? node.path
            keys.append(
                ProviderKey(
                    name: name ?? "", value: value, weight: UInt32(weight ?? 1),
                    requestsPerMinute: requests.map { UInt32($0) }, tokensPerMinute: tokens.map { UInt32($0) }))
        }
        return keys
    }

    /// Records, logs and status tell keys apart by their names; a key that is alone needs none.
    private func name(_ reader: inout MappingReader, isAlone: Bool, names: inout Set<[UInt8]>) -> String? {
        let entry = reader.entry("name")
        let name = reader.value("name") { scalar throws(ValueError) in
            guard NameText.isProviderName(scalar.text) else {
                throw ValueError("expected \(NameText.providerNameRule)")
            }
            return scalar.text
        }
        if reader.lacks("name"), !isAlone {
            self.problems.problem(
                at: reader.position, path: "\(reader.path).name",
                "missing; several keys are told apart by their names, such as one and two")
        }
        if let entry, let name, !names.insert(Array(name.utf8)).inserted {
            self.problems.problem(
                entry.value, "the name is given to more than one key: choose another")
        }
        return name
    }

    private func key(_ reader: inout MappingReader, _ name: String) -> Secret? {
        reader.value(name, secret: true) { scalar throws(ValueError) in
            let bytes = Array(scalar.text.utf8)
            guard CredentialText.isKey(bytes) else {
                throw ValueError(
                    "expected a key of printable ASCII characters without blanks\(bytes.isEmpty ? ", found nothing" : "")"
                )
            }
            return Secret(bytes)
        }
    }
}
