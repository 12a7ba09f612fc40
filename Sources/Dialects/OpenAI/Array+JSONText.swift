internal import JSON

extension [UInt8] {
    /// Appends what is JSON already.
    mutating func append(json text: StaticString) {
        unsafe self.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    /// Appends a JSON string, given as UTF-8.
    mutating func append(string text: [UInt8]) {
        self.append { $0.string(text) }
    }

    /// Appends `,"name":value`.
    mutating func append(member: RawMember) {
        self.append(UInt8(ascii: ","))
        self.append(string: member.key)
        self.append(UInt8(ascii: ":"))
        self.append(contentsOf: member.value)
    }

    /// Appends what `write` writes; the bytes are not copied for it.
    mutating func append(_ write: (inout JSONWriter) -> Void) {
        let taken = consume self
        self = []
        var writer = JSONWriter(appendingTo: taken)
        write(&writer)
        self = writer.bytes
    }
}
