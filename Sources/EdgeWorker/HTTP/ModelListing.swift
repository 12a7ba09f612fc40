import JSON

/// The names of the models as clients of one kind list them. Written once for each snapshot.
struct ModelListing {
    /// Whose shape it has.
    enum Shape {
        case openAI, anthropic
    }

    /// The body of `GET /v1/models`.
    let all: [UInt8]
    private let shape: Shape
    private let entries: [[UInt8]: [UInt8]]

    /// Each name is there once.
    init(_ names: [[UInt8]], _ shape: Shape) {
        let entries = Dictionary(
            names.map { ($0, ModelListing.entry($0, shape)) }, uniquingKeysWith: { first, _ in first })
        self.shape = shape
        self.entries = entries
        self.all = ModelListing.list(names, entries, shape)
    }

    /// The body of `GET /v1/models` for who may see some of the names only.
    func some(_ names: [[UInt8]]) -> [UInt8] { ModelListing.list(names, self.entries, self.shape) }

    /// The body of `GET /v1/models/{id}`; nil for a name that is not in the list.
    subscript(_ id: [UInt8]) -> [UInt8]? { self.entries[id] }

    private static func list(_ names: [[UInt8]], _ entries: [[UInt8]: [UInt8]], _ shape: Shape) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        if shape == .openAI {
            writer.key("object")
            writer.string("list")
        }
        writer.key("data")
        writer.beginArray()
        for name in names { if let entry = entries[name] { writer.raw(entry) } }
        writer.endArray()
        if shape == .anthropic {
            // One page has them all.
            writer.key("has_more")
            writer.bool(false)
            writer.key("first_id")
            if let first = names.first { writer.string(first) } else { writer.null() }
            writer.key("last_id")
            if let last = names.last { writer.string(last) } else { writer.null() }
        }
        writer.endObject()
        return writer.bytes
    }

    /// A name of the gateway's own has neither a date nor a vendor, where clients want one.
    private static func entry(_ id: [UInt8], _ shape: Shape) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        switch shape {
        case .openAI:
            writer.key("id")
            writer.string(id)
            writer.key("object")
            writer.string("model")
            writer.key("created")
            writer.integer(0)
            writer.key("owned_by")
            writer.string("sluice")
        case .anthropic:
            writer.key("type")
            writer.string("model")
            writer.key("id")
            writer.string(id)
            writer.key("display_name")
            writer.string(id)
            writer.key("created_at")
            writer.string("1970-01-01T00:00:00Z")
        }
        writer.endObject()
        return writer.bytes
    }
}
