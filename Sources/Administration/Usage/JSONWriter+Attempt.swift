import Domain
import JSON
import UsageStore

extension JSONWriter {
    /// Puts in the members of one provider call.
    mutating func attempt(_ attempt: AttemptRow, of record: RecordID) {
        self.key("number")
        self.integer(attempt.number)
        self.key("client_request_id")
        self.string("\(record)-\(attempt.number)")
        self.key("provider")
        self.text(attempt.provider)
        self.key("model")
        self.text(attempt.model)
        self.key("key_name")
        self.text(attempt.keyName)
        self.key("upstream")
        self.integer(optional: attempt.upstream)
        self.key("started")
        self.string(optional: attempt.startedAt.map { TimeText.text(milliseconds: UInt64(max(0, $0))) })
        self.key("status")
        self.integer(optional: attempt.status)
        self.key("billed")
        self.string(attempt.billed.label)
        self.key("finish")
        self.text(Array(attempt.detail.finish.label.utf8))
        self.key("error")
        self.text(attempt.error)
        self.key("usage_source")
        self.string(attempt.detail.usageSource.label)
        self.key("tokens")
        self.tokens(attempt.detail.usage, onlyUsed: true)
        self.key("cost_usd")
        self.dollars(attempt.cost)
        self.key("price_usd_per_million_tokens")
        self.price(attempt.price)
        for (key, value) in [
            ("connected_us", attempt.detail.connected), ("first_content_us", attempt.detail.firstContent),
            ("total_us", attempt.detail.total), ("reply_bytes", attempt.detail.replyBytes),
        ] as [(StaticString, UInt64)] {
            self.key(key)
            if attempt.status == nil { self.null() } else { self.integer(value) }
        }
    }
}
