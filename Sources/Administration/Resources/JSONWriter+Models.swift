import JSON

extension JSONWriter {
    /// The member `models`: the list, or null where all are allowed.
    mutating func member(models: [[UInt8]]) {
        self.key("models")
        guard !models.isEmpty else { return self.null() }
        self.beginArray()
        for model in models { self.string(model) }
        self.endArray()
    }
}
