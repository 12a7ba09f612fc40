internal import Domain

/// Which bytes go when members of one object are left out, commas included. Pure; each member is told in order.
struct MemberRemoval {
    /// Where the last member that stays ends.
    private var keptEnd: Int?
    /// The members behind it that go.
    private var run: Range<Int>?

    /// A member stays; `range` is from its key's first quote to its value's end. Returns the splice that takes away those
    /// directly in front of it.
    mutating func keep(_ range: Range<Int>) -> BodySplice? {
        defer {
            self.keptEnd = range.upperBound
            self.run = nil
        }
        guard let run = self.run else { return nil }
        return MemberRemoval.splice(run.lowerBound..<range.lowerBound)
    }

    /// A member goes.
    mutating func remove(_ range: Range<Int>) {
        self.run = (self.run?.lowerBound ?? range.lowerBound)..<range.upperBound
    }

    /// The object ends: the splice that takes away its last members.
    func end() -> BodySplice? {
        guard let run = self.run else { return nil }
        return MemberRemoval.splice((self.keptEnd ?? run.lowerBound)..<run.upperBound)
    }

    private static func splice(_ range: Range<Int>) -> BodySplice {
        BodySplice(offset: range.lowerBound, removed: range.count, replacement: [])
    }
}
