/// Strict UTF-8, one sequence at a time.
enum UTF8Sequence {
    /// The length of the valid sequence that begins at `index`, 1…4; 0 where there is none.
    ///
    /// Overlong forms, surrogates and values over U+10FFFF are not valid.
    static func length(_ bytes: UnsafeRawBufferPointer, at index: Int) -> Int {
        guard index >= 0, index < bytes.count else { return 0 }
        let first = unsafe bytes[index]
        let length: Int
        // The second byte's range is what rules out overlong forms, surrogates and values beyond Unicode.
        let second: ClosedRange<UInt8>
        switch first {
        case 0x00...0x7F: return 1
        case 0xC2...0xDF: (length, second) = (2, 0x80...0xBF)
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: (length, second) = (3, 0x80...0xBF)
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: (length, second) = (4, 0x80...0xBF)
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: return 0
        }
        guard length <= bytes.count &- index, unsafe second ~= bytes[index &+ 1] else { return 0 }
        for offset in 2..<max(length, 2) where unsafe bytes[index &+ offset] & 0xC0 != 0x80 { return 0 }
        return length
    }
}
