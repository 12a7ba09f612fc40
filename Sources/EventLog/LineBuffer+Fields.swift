public import Domain

/// The fields of a line, by the types of their values.
extension LineBuffer {
    /// Bytes one text may take before it is cut.
    static let longestValue = 2048
    /// Bytes of the longest key; longer ones are cut.
    private static let longestKey = 128

    public mutating func add(_ key: StaticString, _ value: UInt64) {
        self.beginField(key)
        self.append(decimal: value)
        self.finishField()
    }

    public mutating func add(_ key: StaticString, _ value: Int64) {
        self.beginField(key)
        if value < 0 { self.append(UInt8(ascii: "-")) }
        self.append(decimal: value.magnitude)
        self.finishField()
    }

    public mutating func add(_ key: StaticString, _ value: Bool) {
        self.beginField(key)
        self.append(value ? "true" as StaticString : "false")
        self.finishField()
    }

    /// A number with `places` digits (1…9) behind the point: 1234 with three is 1.234.
    public mutating func add(_ key: StaticString, _ value: UInt64, places: Int) {
        self.beginField(key)
        var unit: UInt64 = 1
        for _ in 0..<min(max(places, 1), 9) { unit &*= 10 }
        let (whole, fraction) = value.quotientAndRemainder(dividingBy: unit)
        self.append(decimal: whole)
        let start = self.position
        // With a digit in front, so that the zeros are written, which then makes way for the point.
        self.append(decimal: unit &+ fraction)
        unsafe self.memory.storeBytes(of: UInt8(ascii: "."), toByteOffset: start, as: UInt8.self)
        self.finishField()
    }

    /// A constant that consists of letters, digits and what else needs no escaping.
    public mutating func add(_ key: StaticString, word: StaticString) {
        self.beginField(key)
        let isQuoted = self.format == .json
        if isQuoted { self.append(UInt8(ascii: "\"")) }
        self.append(word)
        if isQuoted { self.append(UInt8(ascii: "\"")) }
        self.finishField()
    }

    /// 128 bits as 32 hexadecimal digits behind `prefix`.
    public mutating func add(_ key: StaticString, prefix: StaticString = "", _ id: RecordID) {
        self.beginField(key)
        let isQuoted = self.format == .json
        if isQuoted { self.append(UInt8(ascii: "\"")) }
        self.append(prefix)
        let room = unsafe UnsafeMutableRawBufferPointer(start: self.memory + self.position, count: 32)
        self.position &+= unsafe id.write(into: room.bindMemory(to: UInt8.self))
        if isQuoted { self.append(UInt8(ascii: "\"")) }
        self.finishField()
    }

    /// A text of anybody's, cut where it takes more than `limit` bytes (at most 2 KiB).
    public mutating func add(_ key: StaticString, text: String, limit: Int = 2048) {
        self.beginField(key)
        self.append(text: text, limit: limit)
        self.finishField()
    }

    /// The same for a text of unknown encoding; what is not UTF-8 becomes U+FFFD.
    public mutating func add(_ key: StaticString, bytes: [UInt8], limit: Int = 2048) {
        self.beginField(key)
        unsafe bytes.withUnsafeBytes { unsafe self.append(text: $0, limit: limit) }
        self.finishField()
    }

    /// A field of an event.
    mutating func add(key: String, _ value: LogValue) {
        self.setFieldStart()
        self.append(self.format == .json ? UInt8(ascii: ",") : UInt8(ascii: " "))
        self.append(key: key, limit: LineBuffer.longestKey)
        self.append(self.format == .json ? UInt8(ascii: ":") : UInt8(ascii: "="))
        switch value {
        case .string(let text): self.append(text: text, limit: LineBuffer.longestValue)
        case .bytes(let raw):
            unsafe raw.withUnsafeBytes { unsafe self.append(text: $0, limit: LineBuffer.longestValue) }
        case .int(let number):
            if number < 0 { self.append(UInt8(ascii: "-")) }
            self.append(decimal: number.magnitude)
        case .unsigned(let number): self.append(decimal: number)
        case .bool(let flag): self.append(flag ? "true" as StaticString : "false")
        case .list(let texts): self.append(list: texts)
        }
        self.finishField()
    }

    private mutating func append(list texts: [String]) {
        self.append(UInt8(ascii: "["))
        for (index, text) in texts.enumerated() {
            // It will be left out as a whole.
            guard self.position - self.fieldStart <= LineBuffer.longestLine else { break }
            if index > 0 { self.append(UInt8(ascii: ",")) }
            self.append(text: text, limit: LineBuffer.longestValue)
        }
        self.append(UInt8(ascii: "]"))
    }
}
