internal import JSON

/// What a provider's error says, whichever of the known shapes it has.
///
/// Known are `{"error":{…}}`, `{"error":"…"}`, `{"detail":"…"}`, `{"detail":[{"loc","msg"}…]}`, and the members of an error at
/// the top: `{"message":…}`. One may stand inside another, or inside an array.
struct ProviderErrorShape {
    var message: [UInt8]?
    var type: [UInt8]?
    var param: [UInt8]?
    /// A name for programs; never a number that is an HTTP status.
    var code: [UInt8]?
    /// `code` as the provider has it, where it is a number.
    var number: JSONValue?
    /// An HTTP status of the error itself.
    var status: Int64?
    /// Seconds.
    var retryAfter: Int64?
    /// Further members.
    var extras: [JSONValue.Member] = []

    /// Errors inside errors are looked for so deep.
    private static let maximumDepth = 4

    init(_ value: JSONValue) {
        self.read(value, depth: 0)
    }

    private mutating func read(_ value: JSONValue, depth: Int) {
        guard depth < Self.maximumDepth else { return }
        switch value {
        case .string(let text): self.message = self.message ?? text
        case .array(let elements): self.read(elements, depth: depth)
        case .object(let members): self.read(members, depth: depth)
        default: break
        }
    }

    /// A list of texts, of what a validator found, or of errors, of which the first is told.
    private mutating func read(_ elements: [JSONValue], depth: Int) {
        var texts: [[UInt8]] = []
        for element in elements {
            if let text = element.string {
                texts.append(text)
            } else if let found = element["msg"]?.string {
                let place = Self.place(element["loc"])
                if self.param == nil, !place.isEmpty { self.param = place }
                texts.append(place.isEmpty ? found : place + Array(": ".utf8) + found)
            }
        }
        if !texts.isEmpty {
            self.message = self.message ?? Array(texts.joined(separator: Array("; ".utf8)))
        } else if let first = elements.first {
            self.read(first, depth: depth + 1)
        }
    }

    private mutating func read(_ members: [JSONValue.Member], depth: Int) {
        // What is inside wins over what stands beside it.
        for member in members {
            switch String(decoding: member.key, as: UTF8.self) {
            case "error", "errors", "detail": self.readInner(member, depth: depth)
            default: break
            }
        }
        let hasInner = self.message != nil
        for member in members { self.read(member, isOuter: hasInner && depth == 0, depth: depth) }
    }

    private mutating func readInner(_ member: JSONValue.Member, depth: Int) {
        switch member.value {
        case .object, .array, .string: self.read(member.value, depth: depth + 1)
        default: break
        }
        // The validator's list is of use to programs.
        if case .array(let elements) = member.value, elements.contains(where: { $0["msg"] != nil }) {
            self.extras.append(member)
        }
    }

    /// `isOuter`: it stands beside the error itself, such as the account or the request's name.
    private mutating func read(_ member: JSONValue.Member, isOuter: Bool, depth: Int) {
        switch String(decoding: member.key, as: UTF8.self) {
        case "error", "errors", "detail", "object": break
        case "message", "Message", "msg", "error_description":
            if self.message == nil { self.read(member.value, depth: depth + 1) }
        case "type", "error_type":
            // `"type":"error"` is the envelope's.
            guard let text = member.value.string, !text.isEmpty, !text.elementsEqual("error".utf8) else { break }
            self.type = self.type ?? text
        case "param":
            self.param = self.param ?? member.value.string
        case "code":
            self.readCode(member.value)
        case "status", "status_code", "statusCode", "raw_status_code":
            if let number = Self.httpStatus(member.value) {
                self.status = self.status ?? number
            } else if !isOuter {
                self.extras.append(member)
            }
        case "retry_after", "retry_after_seconds":
            self.retryAfter = member.value.integer
        default:
            if !isOuter, member.value != .null { self.extras.append(member) }
        }
    }

    private mutating func readCode(_ value: JSONValue) {
        if let number = Self.httpStatus(value) {
            self.status = self.status ?? number
            self.number = self.number ?? value
        } else if let text = value.string, !text.isEmpty {
            self.code = self.code ?? text
        } else if let number = value.integer {
            self.code = self.code ?? Array("\(number)".utf8)
        }
    }

    /// A number from 400 to 599, as such or as a text.
    private static func httpStatus(_ value: JSONValue) -> Int64? {
        let number: Int64?
        switch value {
        case .integer(let value): number = value
        case .string(let text) where text.count == 3 && text.allSatisfy { 0x30...0x39 ~= $0 }:
            number = text.reduce(0) { $0 * 10 + Int64($1 - 0x30) }
        default: number = nil
        }
        guard let number, 400...599 ~= number else { return nil }
        return number
    }

    /// Where a validator found it: `["body","tools",0]` is `tools[0]`.
    private static func place(_ value: JSONValue?) -> [UInt8] {
        var place: [UInt8] = []
        for (index, step) in (value?.array ?? []).enumerated() {
            if let name = step.string {
                guard index > 0 || !name.elementsEqual("body".utf8) else { continue }
                if !place.isEmpty { place.append(UInt8(ascii: ".")) }
                place += name
            } else if let number = step.integer {
                place += "[\(number)]".utf8
            }
        }
        return place
    }
}
