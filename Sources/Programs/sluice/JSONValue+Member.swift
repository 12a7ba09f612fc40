import JSON

extension JSONValue.Member {
    init(_ name: String, _ value: JSONValue) {
        self.init(key: Array(name.utf8), value: value)
    }

    init(_ name: String, _ text: String) {
        self.init(name, .string(Array(text.utf8)))
    }
}

extension JSONValue {
    /// The member with that name, where this is an object that has one.
    func member(_ name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key.elementsEqual(name.utf8) }?.value
    }
}
