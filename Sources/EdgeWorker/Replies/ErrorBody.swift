import Domain
import JSON

/// Errors in the shape OpenAI's clients read.
enum ErrorBody {
    /// `{"error":{"message":…,"type":…,"param":…,"code":…}}`.
    static func json(_ error: GatewayError) -> [UInt8] {
        self.json(error, after: [])
    }

    /// One server-sent event with the same object, for a stream that has begun.
    static func event(_ error: GatewayError) -> [UInt8] {
        self.json(error, after: Array("data: ".utf8)) + [0x0A, 0x0A]
    }

    private static func json(_ error: GatewayError, after prefix: [UInt8]) -> [UInt8] {
        var writer = JSONWriter(appendingTo: prefix)
        writer.beginObject()
        writer.key("error")
        writer.beginObject()
        writer.key("message")
        writer.string(error.message)
        writer.key("type")
        writer.string(error.type)
        writer.key("param")
        if let param = error.param { writer.string(param) } else { writer.null() }
        writer.key("code")
        writer.string(error.code)
        writer.endObject()
        writer.endObject()
        return writer.bytes
    }
}
