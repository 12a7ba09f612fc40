import Domain
import JSON
import UsageStore

/// Writes rows of requests into answers, with the names of keys and projects. Lives on one thread.
final class RequestWriter {
    private let names: any EntityNames
    /// Of the answer that is being made.
    private var known: KnownNames

    init(names: any EntityNames) {
        self.names = names
        self.known = KnownNames(names)
    }

    /// Another answer begins.
    func begin() {
        self.known = KnownNames(self.names)
    }

    /// Puts in the members of a request.
    func write(_ request: RequestRow, to writer: inout JSONWriter) {
        writer.key("record")
        writer.string("\(request.record)")
        writer.key("time")
        writer.string(TimeText.text(milliseconds: request.record.milliseconds))
        self.write(request.principal, to: &writer)
        writer.key("endpoint")
        writer.string(optional: request.endpoint?.label)
        writer.key("model")
        writer.text(request.model)
        writer.key("provider")
        writer.text(request.provider)
        writer.key("model_sent")
        writer.text(request.modelSent)
        writer.key("stream")
        writer.bool(request.detail.isStream)
        writer.key("status")
        writer.integer(optional: request.status)
        writer.key("outcome")
        writer.string(optional: request.rank == .open ? nil : request.outcome.label)
        writer.key("settled_by")
        writer.string(optional: request.rank.label)
        writer.key("finish")
        writer.text(Array(request.detail.finish.label.utf8))
        writer.key("error")
        writer.text(request.error)
        writer.key("usage_source")
        writer.string(request.usageSource.label)
        writer.key("tokens")
        writer.tokens(request.usage, onlyUsed: true)
        writer.key("cost_usd")
        writer.dollars(request.cost)
        writer.key("attempts")
        writer.integer(request.detail.attempts)
        for (key, value) in [
            ("received_us", Int64(clamping: request.detail.received)),
            ("dispatched_us", Int64(clamping: request.detail.dispatched)), ("first_byte_us", request.firstByte),
            ("total_us", request.total), ("body_bytes", request.bodyBytes),
            ("reply_bytes", Int64(clamping: request.detail.replyBytes)),
        ] as [(StaticString, Int64?)] {
            writer.key(key)
            writer.integer(optional: value)
        }
        writer.key("trace_id")
        writer.text(HexDigit.text(request.traceID))
        writer.key("label")
        writer.text(request.label)
        writer.key("tags")
        writer.text(request.tags)
    }

    private func write(_ principal: Principal?, to writer: inout JSONWriter) {
        writer.key("organization")
        writer.string(optional: principal?.organization.text(.organization))
        writer.key("project")
        writer.string(optional: principal?.project.text(.project))
        writer.key("project_name")
        writer.string(optional: principal.flatMap { self.known.projectName($0.project) })
        writer.key("key")
        writer.string(optional: principal?.key.text(.key))
        writer.key("key_name")
        writer.string(optional: principal.flatMap { self.known.keyName($0.key) })
        writer.key("user")
        writer.string(optional: principal?.user?.text(.user))
    }
}
