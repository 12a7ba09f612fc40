import Domain

/// Reads `admin`.
struct AdminSchema {
    let listen: ListenSchema

    /// `others` are the listeners of clients.
    func read(_ reader: MappingReader, beside others: [ListenerSettings]) -> AdminSettings {
        var reader = reader
        var settings = AdminSettings()
        if let entry = reader.entry("listen") { settings.listen = self.listener(entry.value, others) }
        settings.swaggerUI = reader.value("swagger_ui", ScalarParser.text("the path of a folder"))
        reader.finish()
        return settings
    }

    private func listener(_ node: DocumentNode, _ others: [ListenerSettings]) -> ListenerSettings? {
        let listener: ListenerSettings
        let place: DocumentNode
        if case .mapping = node.content {
            guard let (read, address) = self.listen.listener(node) else { return nil }
            (listener, place) = (read, address)
        } else {
            if case .scalar(let scalar) = node.content, scalar.text.utf8.elementsEqual("same".utf8) { return nil }
            guard let address = self.listen.address(node) else { return nil }
            (listener, place) = (ListenerSettings(address), node)
        }
        self.listen.checkIsNew(listener, place, among: others)
        if others.count >= ListenSchema.limit {
            self.listen.problems.problem(place, "expected at most 64 addresses, those of listen among them")
        }
        return listener
    }
}
