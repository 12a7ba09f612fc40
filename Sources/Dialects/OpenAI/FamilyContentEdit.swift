internal import Domain
internal import JSON

/// The parts of one message's content: what of them has to change for the provider. Pure.
struct FamilyContentEdit {
    /// What changes inside the parts.
    private(set) var splices: [BodySplice] = []
    private(set) var isEmpty = true
    /// The strings of the parts, where all are text; nil where one is not.
    private var texts: [Range<Int>]? = []

    /// Walks over the array in front of the cursor. Images that have to be fetched go to `edits` at once.
    init(_ cursor: inout JSONCursor, _ path: String, _ edits: inout FamilyEdits) throws(GatewayError) {
        guard cursor.enterArray() else { return }
        var index = 0
        while cursor.nextElement() {
            self.isEmpty = false
            if cursor.kind == .object {
                try self.walk(&cursor, "\(path)[\(index)]", &edits)
            } else if cursor.kind == .string, let range = cursor.skip() {
                self.texts?.append(range)
            } else {
                _ = cursor.skip()
                self.texts = nil
            }
            index &+= 1
        }
    }

    private mutating func walk(
        _ cursor: inout JSONCursor, _ path: String, _ edits: inout FamilyEdits
    ) throws(GatewayError) {
        guard cursor.enterObject() else { return }
        var removal = MemberRemoval()
        var text: Range<Int>?
        while let key = cursor.nextKey() {
            let isMark = !edits.row.takesCacheMarks && cursor.matches(key, "cache_control")
            let isText = cursor.matches(key, "text") && cursor.kind == .string
            let start = cursor.offset
            if cursor.matches(key, "image_url"), !edits.row.takesImageURLs {
                try self.walkImage(&cursor, path, &edits)
            } else {
                _ = cursor.skip()
            }
            guard cursor.fault == nil else { return }
            let value = start..<max(start, cursor.valueEnd)
            if isText { text = value }
            let range = (key.lowerBound &- 1)..<value.upperBound
            if isMark {
                removal.remove(range)
            } else if let splice = removal.keep(range) {
                self.splices.append(splice)
            }
        }
        if let splice = removal.end() { self.splices.append(splice) }
        if let text { self.texts?.append(text) } else { self.texts = nil }
    }

    /// `{"url":…}`, or the URL itself, as some clients write it.
    private func walkImage(
        _ cursor: inout JSONCursor, _ path: String, _ edits: inout FamilyEdits
    ) throws(GatewayError) {
        if cursor.kind == .string {
            guard let range = cursor.skip() else { return }
            return try self.check(range, cursor, path, &edits)
        }
        guard cursor.enterObject() else {
            _ = cursor.skip()
            return
        }
        while let key = cursor.nextKey() {
            let isURL = cursor.matches(key, "url") && cursor.kind == .string
            guard let range = cursor.skip() else { return }
            if isURL { try self.check(range, cursor, path, &edits) }
        }
    }

    private func check(
        _ range: Range<Int>, _ cursor: borrowing JSONCursor, _ path: String, _ edits: inout FamilyEdits
    ) throws(GatewayError) {
        // Data URLs may be megabytes long: only what can be a web address is copied.
        let isData = unsafe cursor.bytes(range).prefix(6).elementsEqual("\"data:".utf8)
        guard !isData, range.count > 2 else { return }
        let url = FamilyRequestEdit.text((range.lowerBound &+ 1)..<(range.upperBound &- 1), cursor)
        if BinarySource.isWeb(url) { try edits.image(url, at: range, "\(path).image_url") }
    }

    /// All the texts as one JSON string, a line feed between two; nil where there is more than text.
    func joined(_ cursor: borrowing JSONCursor) -> [UInt8]? {
        guard let texts = self.texts else { return nil }
        var joined: [UInt8] = [UInt8(ascii: "\"")]
        for (index, range) in texts.enumerated() {
            if index > 0 { joined += "\\n".utf8 }
            let text = unsafe cursor.bytes(range)
            unsafe joined += text[1..<max(1, text.count &- 1)]
        }
        return joined + [UInt8(ascii: "\"")]
    }
}
