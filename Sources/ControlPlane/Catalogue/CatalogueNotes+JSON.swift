import Catalogue
import JSON

extension CatalogueNotes {
    /// As it is stored and answered.
    var json: [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        for (name, fields) in [("unknown", self.unknown), ("bad", self.bad), ("ignored", self.ignored)] {
            writer.key(Array(name.utf8))
            writer.beginArray()
            for field in fields {
                writer.beginObject()
                writer.key("field")
                writer.string(field.name)
                writer.key("models")
                writer.integer(field.count)
                writer.key("first")
                writer.string(field.model)
                writer.key("reason")
                writer.string(field.reason)
                writer.endObject()
            }
            writer.endArray()
        }
        writer.key("left_out")
        writer.beginArray()
        for model in self.models {
            writer.beginObject()
            writer.key("model")
            writer.string(model.name)
            writer.key("reason")
            writer.string(model.reason)
            writer.endObject()
        }
        writer.endArray()
        writer.key("more")
        writer.integer(self.more)
        writer.key("rounded")
        writer.integer(self.rounded)
        writer.endObject()
        return writer.bytes
    }
}
