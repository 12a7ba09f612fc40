/// A link that has ended between two processes, which may both still live.
struct BrokenLink: Hashable, Sendable {
    var one: Seat
    var oneInstance: UInt32
    var other: Seat
    var otherInstance: UInt32

    /// Both ends report the same link, each from its side.
    func isSame(as link: BrokenLink) -> Bool {
        self == link
            || self
                == BrokenLink(
                    one: link.other, oneInstance: link.otherInstance, other: link.one, otherInstance: link.oneInstance)
    }
}
