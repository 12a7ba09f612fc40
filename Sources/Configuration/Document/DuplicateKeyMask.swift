/// Hides repeated keys from the YAML parser, which gives up at the first one.
///
/// The first character of the earlier key becomes a private-use character, so every line and column stays where it was;
/// ``original(at:)`` gives the key back afterwards.
struct DuplicateKeyMask {
    /// How many repeated keys are masked before the reader gives up on the file.
    static let limit = 32

    private(set) var text: String
    private var originals: [DocumentPosition: String] = [:]

    init(text: String) {
        self.text = text
    }

    /// The key that stood at `position` before it was masked.
    func original(at position: DocumentPosition) -> String? {
        self.originals[position]
    }

    /// Masks `key` at `position`; false when that is not possible (a key with an anchor, a tag, a list as a key …).
    mutating func mask(_ key: String, at position: DocumentPosition) -> Bool {
        guard self.originals.count < Self.limit, self.originals[position] == nil,
            let replacement = Unicode.Scalar(0xE000 + UInt32(self.originals.count))
        else { return false }
        var scalars = self.text.unicodeScalars
        guard var index = Self.index(of: position, in: scalars) else { return false }
        switch scalars[index] {
        case "&", "!", "?", "*", "[", "{", "|", ">": return false
        case "\"", "'":
            index = scalars.index(after: index)
            guard index < scalars.endIndex, scalars[index] != "'", scalars[index] != "\"" else { return false }
        default: break
        }
        scalars.replaceSubrange(index...index, with: [replacement])
        self.text = String(scalars)
        self.originals[position] = key
        return true
    }

    /// Where `position` is in `scalars`, counting lines as libyaml does.
    private static func index(of position: DocumentPosition, in scalars: String.UnicodeScalarView) -> String.Index? {
        var place = DocumentPosition.start
        var index = scalars.startIndex
        while index < scalars.endIndex {
            if place == position { return index }
            let scalar = scalars[index]
            scalars.formIndex(after: &index)
            switch scalar {
            case "\r" where index < scalars.endIndex && scalars[index] == "\n": break
            case "\n", "\r", "\u{85}", "\u{2028}", "\u{2029}":
                place = DocumentPosition(line: place.line + 1, column: 1)
            default:
                place.column += 1
            }
        }
        return nil
    }
}
