import Administration
import Catalogue
import JSON

extension CatalogueRecord.Head {
    /// What tells it from others.
    func writeIdentity(to writer: inout JSONWriter) {
        writer.key("digest")
        writer.string(CatalogueDigest.text(self.digest))
        writer.key("models")
        writer.integer(self.models)
        writer.key("source")
        writer.string(self.source)
    }
}

extension CatalogueCounts {
    func write(to writer: inout JSONWriter) {
        writer.key("added")
        writer.integer(self.added)
        writer.key("removed")
        writer.integer(self.removed)
        writer.key("changed")
        writer.integer(self.changed)
    }
}

extension CatalogueDifference.Change {
    /// The members of one change.
    func write(targets: [String], to writer: inout JSONWriter) {
        let entry = self.new ?? self.old
        writer.key("change")
        writer.string(self.old == nil ? "added" : self.new == nil ? "removed" : "changed")
        writer.key("model")
        writer.string(self.name)
        writer.key("provider")
        writer.string(entry?.provider ?? "")
        writer.key("targets")
        writer.beginArray()
        for target in targets { writer.string(target) }
        writer.endArray()
        writer.key("fields")
        writer.beginArray()
        for field in self.fields {
            writer.beginObject()
            writer.key("field")
            writer.string(field.field)
            writer.key("unit")
            writer.string(optional: field.unit)
            writer.key("old")
            writer.string(optional: field.old)
            writer.key("new")
            writer.string(optional: field.new)
            writer.endObject()
        }
        writer.endArray()
    }
}

extension CatalogueEntry {
    /// The members of one model.
    func write(targets: [String], to writer: inout JSONWriter) {
        writer.key("model")
        writer.string(self.name)
        writer.key("provider")
        writer.string(self.provider)
        writer.key("mode")
        writer.string(optional: self.mode.isEmpty ? nil : self.mode)
        writer.key("targets")
        writer.beginArray()
        for target in targets { writer.string(target) }
        writer.endArray()
        for (key, value) in [("max_input_tokens", self.maximumInput), ("max_output_tokens", self.maximumOutput)] {
            writer.key(Array(key.utf8))
            if let value { writer.integer(value) } else { writer.null() }
        }
        writer.key("deprecation_date")
        writer.string(optional: self.deprecation?.description)
        writer.key("capabilities")
        writer.beginArray()
        for capability in self.capabilities { writer.string(capability) }
        writer.endArray()
        writer.key("prices")
        writer.beginArray()
        for rate in self.rates {
            writer.beginObject()
            writer.key("field")
            writer.string(rate.field.name)
            writer.key("unit")
            writer.string(rate.field.unit)
            writer.key("usd")
            writer.string(rate.field.dollars(rate.value))
            writer.endObject()
        }
        writer.endArray()
    }
}
