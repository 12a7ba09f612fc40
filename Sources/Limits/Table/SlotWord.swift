/// The one word of a slot: {tag 32 | fingerprint 7 | pending 1 | cell 24}. All changes of a slot are exchanges of this word, and each
/// has another tag, so that one that was read is the same one only if nothing has happened.
///
/// 0 is a slot that was never used. A pending word is a key that is being entered and that counts for nobody yet. A pending word
/// without a cell is a tombstone: free, but not the end of a chain.
struct SlotWord: Hashable {
    var raw: UInt64

    @inline(always)
    init(raw: UInt64) { self.raw = raw }

    @inline(always)
    private init(tag: UInt32, rest: UInt64) { self.raw = UInt64(tag) << 32 | rest & 0xFFFF_FFFF }

    @inline(always)
    var isEmpty: Bool { self.raw == 0 }
    @inline(always)
    var isPending: Bool { self.raw & 1 << 24 != 0 }
    @inline(always)
    var isTombstone: Bool { self.isPending && self.cell == 0 }
    /// Whether it has an image that counts.
    @inline(always)
    var isEstablished: Bool { !self.isPending && self.cell != 0 }
    @inline(always)
    var fingerprint: UInt8 { UInt8(truncatingIfNeeded: self.raw >> 25) & 0x7F }
    @inline(always)
    var cell: UInt32 { UInt32(truncatingIfNeeded: self.raw) & 0xFF_FFFF }

    @inline(always)
    private var nextTag: UInt32 { UInt32(truncatingIfNeeded: self.raw >> 32) &+ 1 }

    /// The word after this one with another image of the same key.
    @inline(always)
    func with(cell: UInt32) -> SlotWord {
        SlotWord(tag: self.nextTag, rest: self.raw & 0xFE00_0000 | UInt64(cell & 0xFF_FFFF))
    }

    /// The word after this one for a key that is being entered.
    @inline(always)
    func pending(fingerprint: UInt8, cell: UInt32) -> SlotWord {
        SlotWord(tag: self.nextTag, rest: UInt64(fingerprint & 0x7F) << 25 | 1 << 24 | UInt64(cell & 0xFF_FFFF))
    }

    /// The word after this one, without a key.
    @inline(always)
    var tombstone: SlotWord { SlotWord(tag: self.nextTag, rest: 1 << 24) }
}
