import JSON

/// The text of an answer that is kept, before it is sealed.
enum KeptReply {
    /// What control's loop has still to find out cannot be kept: nil.
    static func text(of reply: AdministrationReply) -> [UInt8]? {
        if case .probe = reply.sequel { return nil }
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("version")
        writer.integer(optional: reply.version)
        writer.key("location")
        writer.string(optional: reply.location)
        writer.key("body")
        writer.string(reply.body)
        if case .objects(let number, let inForce) = reply.sequel {
            // Who is told again waits again until it is in force.
            writer.key("number")
            writer.integer(number)
            writer.key("in_force")
            writer.string(inForce)
        }
        writer.endObject()
        return writer.bytes
    }

    /// The answer again; nil for a text that `text(of:)` does not make.
    static func reply(status: Int, _ text: [UInt8], with reader: JSONReader) -> AdministrationReply? {
        guard let value = try? reader.read(text, maximumBytes: text.count), let body = value["body"]?.string else {
            return nil
        }
        var reply = AdministrationReply(
            status: status, body: body, version: value["version"]?.integer,
            location: value["location"]?.string.map { String(decoding: $0, as: UTF8.self) })
        if let number = value["number"]?.integer, let inForce = value["in_force"]?.string {
            reply.sequel = .objects(number: number, inForce: inForce)
        }
        reply.isRepeated = true
        return reply
    }
}
