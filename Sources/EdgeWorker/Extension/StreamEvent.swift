import NIOCore

/// What one event of a stream is, as far as it matters to where the gateway's own words go. Pure.
enum StreamEvent: Hashable {
    /// Comments, or nothing but an empty line.
    case comment
    case plain
    /// One that may be the last with something in it: `x_sluice` is put into the last of them.
    case closing
    /// What follows it is nothing of the reply's: `[DONE]`.
    case marker
    /// Both: `message_stop`.
    case closingMarker

    /// How streams end.
    enum Door: Hashable {
        /// The last chunks have a finish reason, or the usage and no choices; then `[DONE]`.
        case openAI
        /// By `message_stop`.
        case anthropic
    }

    /// `event` is whole, the empty line included.
    init(_ event: ByteBufferView, at door: Door) {
        let lines = StreamEvent.lines(of: event)
        guard let data = lines.data else {
            self = lines.isComment ? .comment : .plain
            return
        }
        switch door {
        case .anthropic:
            let isStop = lines.name.map { event[$0].elementsEqual("message_stop".utf8) } ?? false
            self = isStop ? .closingMarker : .plain
        case .openAI:
            let payload = event[data]
            if payload.elementsEqual("[DONE]".utf8) {
                self = .marker
            } else if StreamEvent.has("finish_reason", beforeAll: "\"", in: payload)
                || (StreamEvent.has("usage", beforeAll: "{", in: payload)
                    && StreamEvent.has("choices", beforeAll: "[]", in: payload))
            {
                self = .closing
            } else {
                self = .plain
            }
        }
    }

    /// `event` with `member` in its object; nil where its data is not an object in one line.
    static func put(_ member: [UInt8], into event: ByteBuffer) -> ByteBuffer? {
        let bytes = event.readableBytesView
        guard let data = StreamEvent.lines(of: bytes).data, bytes[data].first == UInt8(ascii: "{"),
            let end = bytes[data].lastIndex(where: { !JSONSpace.contains($0) }), bytes[end] == UInt8(ascii: "}"),
            let last = bytes[data.lowerBound..<end].last(where: { !JSONSpace.contains($0) })
        else { return nil }
        var text = ByteBuffer()
        text.reserveCapacity(bytes.count + member.count + 1)
        text.writeBytes(bytes[..<end])
        if last != UInt8(ascii: "{") { text.writeInteger(UInt8(ascii: ",")) }
        text.writeBytes(member)
        text.writeBytes(bytes[end...])
        return text
    }

    // MARK: Lines

    private struct Lines {
        /// The value of the only `data`; nil where there is none, or more than one.
        var data: Range<Int>?
        var dataCount = 0
        /// The value of `event`.
        var name: Range<Int>?
        var hasField = false
        var isComment: Bool { !self.hasField }
    }

    private static func lines(of event: ByteBufferView) -> Lines {
        var lines = Lines()
        var start = event.startIndex
        while start < event.endIndex {
            let feed = event[start...].firstIndex(of: 0x0A) ?? event.endIndex
            var end = feed
            if end > start, event[end - 1] == 0x0D { end -= 1 }
            if end > start, event[start] != UInt8(ascii: ":") {
                lines.hasField = true
                if let value = self.value(of: "data", in: event, start..<end) {
                    lines.dataCount += 1
                    lines.data = lines.dataCount == 1 ? value : nil
                } else if let value = self.value(of: "event", in: event, start..<end) {
                    lines.name = value
                }
            }
            start = feed < event.endIndex ? feed + 1 : event.endIndex
        }
        return lines
    }

    /// The value of a field, without the space before it and white space behind it.
    private static func value(of name: StaticString, in event: ByteBufferView, _ line: Range<Int>) -> Range<Int>? {
        let length = name.utf8CodeUnitCount
        guard line.count > length, event[line.lowerBound + length] == UInt8(ascii: ":"),
            self.begins(event[line], with: name)
        else { return nil }
        var start = line.lowerBound + length + 1
        var end = line.upperBound
        while start < end, event[start] == 0x20 { start += 1 }
        while end > start, JSONSpace.contains(event[end - 1]) { end -= 1 }
        return start..<end
    }

    // MARK: Members

    /// Whether there is a member of that name, at any depth, whose value begins with `value`, white space left out. A name in quotes
    /// cannot stand within a string, where quotes have a backslash before them.
    private static func has(_ name: StaticString, beforeAll value: StaticString, in text: ByteBufferView) -> Bool {
        let length = name.utf8CodeUnitCount
        var start = text.startIndex
        while let quote = text[start...].firstIndex(of: UInt8(ascii: "\"")) {
            start = quote + 1
            let end = start + length
            guard end < text.endIndex else { return false }
            guard text[end] == UInt8(ascii: "\""), self.begins(text[start...], with: name),
                let colon = self.next(in: text, from: end + 1), text[colon] == UInt8(ascii: ":")
            else { continue }
            if self.follows(value, in: text, from: colon + 1) { return true }
        }
        return false
    }

    private static func follows(_ value: StaticString, in text: ByteBufferView, from start: Int) -> Bool {
        var place = start
        for index in 0..<value.utf8CodeUnitCount {
            guard let next = self.next(in: text, from: place), unsafe text[next] == value.utf8Start[index] else {
                return false
            }
            place = next + 1
        }
        return true
    }

    private static func next(in text: ByteBufferView, from start: Int) -> Int? {
        var place = start
        while place < text.endIndex, JSONSpace.contains(text[place]) { place += 1 }
        return place < text.endIndex ? place : nil
    }

    private static func begins(_ text: ByteBufferView, with name: StaticString) -> Bool {
        guard text.count >= name.utf8CodeUnitCount else { return false }
        for index in 0..<name.utf8CodeUnitCount where unsafe text[text.startIndex + index] != name.utf8Start[index] {
            return false
        }
        return true
    }
}
