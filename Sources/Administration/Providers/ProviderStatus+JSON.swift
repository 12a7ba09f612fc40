public import JSON
import Limits

extension ProviderStatus {
    /// Writes the provider's object in `status`; docs/operations.md names the members.
    public func write(to writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("name")
        writer.string(self.name)
        writer.key("breaker")
        if let breaker = self.breaker { writer.value(breaker) } else { writer.null() }
        writer.key("targets")
        writer.list(self.targets) { writer, target in
            writer.key("model")
            writer.string(target.model)
            writer.key("breaker")
            writer.value(target.breaker)
        }
        writer.key("keys")
        writer.list(self.keys) { $0.members(of: $1) }
        for (name, number) in [
            ("running", self.running), ("concurrency", self.concurrency), ("max_connections", self.maxConnections),
            ("waiting", self.waiting),
        ] {
            writer.key(Array(name.utf8))
            if let number { writer.integer(Int64(number)) } else { writer.null() }
        }
        writer.key("first_token_ms")
        if let time = self.firstToken {
            writer.integer(Int64(clamping: time / 1000 + (time % 1000 < 500 ? 0 : 1)))
        } else {
            writer.null()
        }
        writer.endObject()
    }
}

extension JSONWriter {
    /// A list of objects; `members` writes what is in one.
    mutating func list<Element>(_ elements: [Element], _ members: (inout JSONWriter, Element) -> Void) {
        self.beginArray()
        for element in elements {
            self.beginObject()
            members(&self, element)
            self.endObject()
        }
        self.endArray()
    }

    fileprivate mutating func members(of key: ProviderStatus.Key) {
        self.key("name")
        switch key.name {
        case nil: self.null()
        case "": self.string("api_key")
        case .some(let name): self.string(name)
        }
        self.members(of: key.state)
        self.key("models")
        self.list(key.models) { writer, model in
            writer.key("model")
            writer.string(model.name)
            writer.members(of: model.state)
        }
    }

    fileprivate mutating func value(_ breaker: BreakerState) {
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
