import JSON
import Limits

extension JSONWriter {
    /// A provider's object in `status`; docs/operations.md names the members.
    mutating func value(_ provider: ProviderStatus) {
        self.beginObject()
        self.key("name")
        self.string(provider.name)
        self.key("breaker")
        if let breaker = provider.breaker { self.value(breaker) } else { self.null() }
        self.key("targets")
        self.list(provider.targets) { writer, target in
            writer.beginObject()
            writer.key("model")
            writer.string(target.model)
            writer.key("breaker")
            writer.value(target.breaker)
            writer.endObject()
        }
        self.key("keys")
        self.list(provider.keys) { $0.value($1) }
        for (name, number) in [
            ("running", provider.running), ("concurrency", provider.concurrency),
            ("max_connections", provider.maxConnections), ("waiting", provider.waiting),
        ] {
            self.key(Array(name.utf8))
            if let number { self.integer(Int64(number)) } else { self.null() }
        }
        self.key("first_token_ms")
        if let time = provider.firstToken { self.integer(Int64(clamping: (time + 500) / 1000)) } else { self.null() }
        self.endObject()
    }

    private mutating func value(_ key: ProviderStatus.Key) {
        self.beginObject()
        self.key("name")
        switch key.name {
        case nil: self.null()
        case "": self.string("api_key")
        case .some(let name): self.string(name)
        }
        self.members(of: key.state)
        self.key("models")
        self.list(key.models) { writer, model in
            writer.beginObject()
            writer.key("model")
            writer.string(model.name)
            writer.members(of: model.state)
            writer.endObject()
        }
        self.endObject()
    }

    private mutating func value(_ breaker: BreakerState) {
        self.beginObject()
        self.key("state")
        var wait: UInt64?
        switch breaker {
        case .closed: self.string("closed")
        case .open(let probeIn):
            self.string("open")
            wait = probeIn
        case .halfOpen: self.string("half_open")
        }
        self.member(secondsLeft: wait)
        self.endObject()
    }

    private mutating func members(of key: KeyState?) {
        var wait: UInt64?
        var refusal: UInt16 = 0
        self.key("state")
        switch key {
        case nil: self.null()
        case .usable: self.string("usable")
        case .cooling(let time):
            self.string("cooling")
            wait = time
        case .out(let status, let probeIn):
            self.string("out")
            (wait, refusal) = (probeIn, status)
        }
        self.key("status")
        if refusal > 0 { self.integer(Int64(refusal)) } else { self.null() }
        self.member(secondsLeft: wait)
    }

    /// Rounded up; null where there is nothing to wait for.
    private mutating func member(secondsLeft milliseconds: UInt64?) {
        self.key("seconds_left")
        guard let milliseconds else { return self.null() }
        self.integer(Int64(clamping: milliseconds / 1000 + (milliseconds % 1000 == 0 ? 0 : 1)))
    }
}
