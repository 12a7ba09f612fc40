import JSON

extension RequestFields {
    /// Tags of one key.
    static let tagLimit = 32

    /// `tags`: a list of names, none of them twice; none where the member is missing or null.
    mutating func tags() throws(AdministrationFailure) -> [String] {
        let values: [JSONValue]
        switch self.value("tags") {
        case nil, .null: return []
        case .array(let array): values = array
        default: throw self.malformed("tags", "a list of strings")
        }
        guard values.count <= Self.tagLimit else {
            throw self.unusable("tags", "a list of at most \(Self.tagLimit) strings")
        }
        var tags: [String] = []
        for value in values {
            guard case .string(let bytes) = value else { throw self.malformed("tags", "a list of strings") }
            let tag = try EntityName.checked(String(decoding: bytes, as: UTF8.self), "tags")
            guard !tags.contains(where: { $0.utf8.elementsEqual(tag.utf8) }) else {
                throw self.unusable("tags", "a list without a string that occurs twice")
            }
            tags.append(tag)
        }
        return tags
    }
}

extension APISchema {
    static let tags = APISchema.array(.name, maximum: RequestFields.tagLimit, isSet: true)
}
