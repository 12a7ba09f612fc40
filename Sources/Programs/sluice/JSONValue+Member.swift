import JSON

extension JSONValue.Member {
    init(_ name: String, _ value: JSONValue) {
        self.init(key: Array(name.utf8), value: value)
    }

    init(_ name: String, _ text: String) {
        self.init(name, .string(Array(text.utf8)))
    }
}
