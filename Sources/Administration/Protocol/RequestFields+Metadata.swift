import JSON

extension RequestFields {
    /// `metadata` of something new: an object of texts; none where the member is missing or null.
    public mutating func metadata() throws(AdministrationFailure) -> Metadata {
        try self.metadata(changing: Metadata())
    }

    /// `metadata` of a change: members that are there replace those of `old`, null takes one away; null for the whole takes all away.
    public mutating func metadata(changing old: Metadata) throws(AdministrationFailure) -> Metadata {
        guard let members = try self.object("metadata") else { return Metadata() }
        // Refuses names that occur twice.
        _ = try RequestFields(members, in: "metadata")
        var entries = old.entries
        for member in members {
            let name = "metadata.\(Self.shown(member.key))"
            guard (1...Metadata.maximumName).contains(member.key.count), member.key.allSatisfy(Self.isMetadataName)
            else {
                throw .unusable(
                    name, "names of metadata have 1 to \(Metadata.maximumName) letters, digits and characters of _.:/-")
            }
            entries.removeAll { $0.name == member.key }
            switch member.value {
            case .null: break
            case .string(let value):
                let isPlain = value.allSatisfy { (0x20...0x7E).contains($0) }
                let count = String(decoding: value, as: UTF8.self).unicodeScalars.count
                guard count <= (isPlain ? Metadata.maximumValue : Metadata.maximumValue / 4) else {
                    throw .unusable(
                        name,
                        "\(name) must have at most \(Metadata.maximumValue) characters of ASCII, or \(Metadata.maximumValue / 4)"
                    )
                }
                entries.append(Metadata.Entry(name: member.key, value: value))
            default: throw .invalid("\(name) must be a string or null", field: name)
            }
        }
        guard let metadata = Metadata(entries) else {
            throw self.unusable("metadata", "an object of at most \(Metadata.maximumEntries) members")
        }
        return metadata
    }

    private static func isMetadataName(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x5F, 0x2E, 0x3A, 0x2F, 0x2D: true
        default: false
        }
    }
}

extension APISchema {
    private static let metadataName = "^[A-Za-z0-9_.:/-]{1,\(Metadata.maximumName)}$"
    private static let metadataValue = APISchema.any([
        .string(maximum: Metadata.maximumValue, pattern: "^[ -~]*$"),
        // A character has 4 bytes at the most.
        .string(maximum: Metadata.maximumValue / 4),
    ])

    /// Metadata of something new: an object of texts.
    public static let newMetadata = APISchema.map(
        metadataValue, maximum: Metadata.maximumEntries, names: metadataName)
    /// A change of metadata.
    public static let metadataChange = APISchema.map(
        .nullable(metadataValue), maximum: Metadata.maximumEntries, names: metadataName)
    /// Metadata in an answer.
    public static let metadata = APISchema.map(.string())
}
