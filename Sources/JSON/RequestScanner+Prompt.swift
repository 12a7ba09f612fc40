internal import Glibc

/// What only some requests are asked for, in a pass of its own over the parts it is about.
extension RequestScanner {
    /// Levels of a prompt that are looked into.
    private static let deepest = 16

    /// Whether the texts of the prompt (`system`, `messages`, `input`, `prompt`) have at least so many characters, which are
    /// Unicode scalars. `request` is what `scan` has found in the same bytes, of which `capacity` can be read.
    ///
    /// A text is a string that is one of these members, an element of a list in it, or its `content` or `text`.
    public func hasPrompt(
        of characters: Int, in bytes: UnsafeRawBufferPointer, capacity: Int, _ request: ScannedRequest
    ) -> Bool {
        // No character has less than a byte.
        guard characters > 0 else { return true }
        guard request.promptBytes >= characters else { return false }
        var missing = characters
        let ranges = [request.systemRange, request.messagesRange, request.inputRange, request.promptRange]
        for case let range? in ranges where range.upperBound <= bytes.count && missing > 0 {
            let part = unsafe UnsafeRawBufferPointer(rebasing: bytes[range])
            // The whole body was read before: nothing of it can be malformed.
            let left = missing
            let counted = unsafe try? self.indexer.read(part, capacity: capacity - range.lowerBound) { cursor in
                RequestScanner.countTexts(&cursor, left, depth: 0)
            }
            missing = counted ?? left
        }
        return missing <= 0
    }

    /// How many characters are still missing behind the value in front of the cursor; not more than 0 ends the walk.
    private static func countTexts(_ cursor: inout JSONCursor, _ missing: Int, depth: Int) -> Int {
        var missing = missing
        switch cursor.kind {
        case .string:
            guard let range = cursor.skip(), range.count >= 2 else { return missing }
            let content = unsafe cursor.bytes(range.lowerBound + 1..<range.upperBound - 1)
            missing -= unsafe JSONText.scalarCount(content)
        case .array where depth < self.deepest:
            guard cursor.enterArray() else { return missing }
            while missing > 0, cursor.nextElement() {
                missing = self.countTexts(&cursor, missing, depth: depth + 1)
            }
        case .object where depth < self.deepest:
            guard cursor.enterObject() else { return missing }
            while missing > 0, let key = cursor.nextKey() {
                if cursor.matches(key, "content") || cursor.matches(key, "text") {
                    missing = self.countTexts(&cursor, missing, depth: depth + 1)
                } else {
                    _ = cursor.skip()
                }
            }
        default: _ = cursor.skip()
        }
        return missing
    }

    /// What is written between the quotes of `metadata.user_id`, which is where Anthropic's clients name their users; empty
    /// where that is no string.
    public func metadataUser(in bytes: UnsafeRawBufferPointer, capacity: Int) -> [UInt8] {
        let found = unsafe try? self.indexer.read(bytes, capacity: capacity) { cursor -> [UInt8] in
            guard cursor.enterObject() else { return [] }
            while let key = cursor.nextKey() {
                guard cursor.matches(key, "metadata"), cursor.enterObject() else {
                    _ = cursor.skip()
                    continue
                }
                while let key = cursor.nextKey() {
                    let isUser = cursor.matches(key, "user_id") && cursor.kind == .string
                    guard let range = cursor.skip() else { return [] }
                    if isUser { return unsafe Array(cursor.bytes(range).dropFirst().dropLast()) }
                }
            }
            return []
        }
        return found ?? []
    }
}

extension JSONText {
    /// How many Unicode scalars a string stands for, given what is written between its quotes; a wrong escape counts as
    /// something.
    static func scalarCount(_ content: UnsafeRawBufferPointer) -> Int {
        var count = 0
        guard unsafe self.hasEscapes(content) else {
            for index in 0..<content.count where unsafe content[index] & 0xC0 != 0x80 { count &+= 1 }
            return count
        }
        var index = 0
        while index < content.count {
            let byte = unsafe content[index]
            index &+= 1
            guard byte == UInt8(ascii: "\\"), index < content.count else {
                if byte & 0xC0 != 0x80 { count &+= 1 }
                continue
            }
            let escape = unsafe content[index]
            index &+= 1
            guard escape == UInt8(ascii: "u"), index &+ 4 <= content.count else {
                count &+= 1
                continue
            }
            // The second half of a pair belongs to the first: \uDC00 to \uDFFF.
            let first = unsafe content[index] | 0x20
            let second = unsafe content[index &+ 1] | 0x20
            if first != UInt8(ascii: "d") || !(UInt8(ascii: "c")...UInt8(ascii: "f")).contains(second) { count &+= 1 }
            index &+= 4
        }
        return count
    }
}
