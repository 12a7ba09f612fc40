import Administration
import Catalogue
import Configuration
import JSON

/// One provider, alias or price as answers show it: where it is from, whether it is in force, and what it says.
struct ObjectListing {
    let name: ObjectName
    /// `file`, `environment` or `api`.
    let source: String
    let file: String?
    let line: Int?
    /// The file's hides one of the same name that the API has made.
    var hidesObject = false
    var isInForce: Bool
    /// Why it is not in force.
    var problem: String?
    /// Targets of an alias that their providers end.
    var endings: [EndingModels.Ending] = []
    private let isDefault: Bool
    /// What is stored of it; nil for the file's.
    let record: ObjectRecord?
    private let members: [JSONValue.Member]

    /// The file's.
    init(_ name: ObjectName, _ object: ConfiguredObject, _ state: ObjectBoard.State) {
        let place = state.base.place(of: name)
        self.name = name
        self.source = place?.line == nil ? "environment" : "file"
        self.file = place?.line == nil ? nil : place?.file
        self.line = place?.line
        self.isInForce = true
        self.problem = nil
        self.isDefault = Self.isDefault(name, state)
        self.record = nil
        self.members = object.shown
    }

    /// The API's.
    init(_ record: ObjectRecord, _ name: ObjectName, _ state: ObjectBoard.State) {
        self.name = name
        self.source = "api"
        self.file = nil
        self.line = nil
        let object = state.merge.objects[name]
        self.isInForce = object != nil
        self.problem = object == nil ? state.merge.reasons[name] ?? "it is about to be put in force" : nil
        self.isDefault = Self.isDefault(name, state)
        self.record = record
        self.members = object?.shown ?? ObjectCodec.members(record) ?? []
    }

    private static func isDefault(_ name: ObjectName, _ state: ObjectBoard.State) -> Bool {
        name.kind == .provider
            && state.merge.configuration.defaultProvider.map { $0.utf8.elementsEqual(name.text.utf8) } == true
    }

    /// Bytes it takes in an answer, roughly.
    var size: Int { 400 + (self.record?.body.count ?? 0) + self.members.count * 64 }

    func write(to writer: inout JSONWriter) {
        writer.key(self.name.kind == .price ? "target" : "name")
        writer.string(self.name.text)
        writer.key("source")
        writer.string(self.source)
        writer.key("file")
        if let file { writer.string(file) } else { writer.null() }
        writer.key("line")
        if let line { writer.integer(line) } else { writer.null() }
        writer.key("in_force")
        writer.bool(self.isInForce)
        writer.key("problem")
        if let problem { writer.string(problem) } else { writer.null() }
        writer.key("hides_api")
        writer.bool(self.hidesObject)
        if self.name.kind == .provider {
            writer.key("default")
            writer.bool(self.isDefault)
        }
        if self.name.kind == .alias {
            writer.key("deprecations")
            writer.beginArray()
            for ending in self.endings {
                writer.beginObject()
                writer.key("target")
                writer.string(ending.target)
                writer.key("date")
                writer.string(ending.day.description)
                writer.key("is_over")
                writer.bool(ending.isOver)
                writer.endObject()
            }
            writer.endArray()
        }
        writer.key("version")
        if let record { writer.integer(record.version) } else { writer.null() }
        for (key, time) in [("created", self.record?.created), ("changed", self.record?.changed)] {
            writer.key(Array(key.utf8))
            if let time { writer.string(TimeText.text(milliseconds: time)) } else { writer.null() }
        }
        for member in self.members { writer.member(member) }
    }
}
