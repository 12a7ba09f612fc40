import Domain
import JSON
import NIOCore

/// The member `x_sluice` of a reply's body: where it comes from, and what it cost.
struct ExtensionMember {
    /// As the configuration names it.
    let provider: [UInt8]
    let origin: ReplyOrigin

    /// Bytes of a name that go into the body.
    private static let longestName = 1024

    /// Name and value, as they stand in an object. `cost` in nano-USD; nil: unknown, which is `null`.
    func text(cost: Int64?) -> [UInt8] {
        var writer = JSONWriter()
        writer.key("x_sluice")
        writer.beginObject()
        writer.key("provider")
        writer.string(Array(self.provider.prefix(ExtensionMember.longestName)))
        writer.key("model")
        writer.string(Array(self.origin.model.prefix(ExtensionMember.longestName)))
        writer.key("latency_ms")
        var number = ByteBuffer()
        number.writeMilliseconds(microseconds: self.origin.latency)
        writer.raw(Array(number.readableBytesView))
        writer.key("cost_usd")
        if let cost {
            number.clear()
            number.writeDollars(nano: cost)
            writer.raw(Array(number.readableBytesView))
        } else {
            writer.null()
        }
        writer.key("cache")
        writer.string("\(self.origin.cache)")
        writer.key("attempts")
        writer.integer(self.origin.attempts)
        writer.endObject()
        return writer.bytes
    }

    /// An event for a stream of OpenAI's that has none with a finish reason or usage: a chunk without choices. `seconds` since 1970.
    func chunk(_ member: [UInt8], record: RecordID, seconds: Int64, isCompletion: Bool) -> [UInt8] {
        var writer = JSONWriter(appendingTo: Array("data: ".utf8))
        writer.beginObject()
        writer.key("id")
        writer.string("\(record)")
        writer.key("object")
        writer.string(isCompletion ? "text_completion" : "chat.completion.chunk")
        writer.key("created")
        writer.integer(seconds)
        writer.key("model")
        writer.string(self.origin.model)
        writer.key("choices")
        writer.beginArray()
        writer.endArray()
        let open = writer.bytes
        return open + Array(",".utf8) + member + Array("}\n\n".utf8)
    }
}
