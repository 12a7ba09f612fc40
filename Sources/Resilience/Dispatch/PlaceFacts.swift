/// What became of a request at one of its places.
struct PlaceFacts {
    /// Attempts that were begun there.
    var tries: UInt8 = 0
    /// An attempt has failed there.
    var hasFailed = false
    /// Not tried any more.
    var isBarred = false
    /// Keys that were refused.
    var refusedKeys = KeySet()
    /// Keys of which the provider has said that they call too often, and until when they are not used.
    var limitedKeys = KeySet()
    var limitedUntil: UInt64 = 0
    /// A key was limited just now, and whether there is another one was not tried yet.
    var mayHaveOtherKey = false
    /// The place is not called before.
    var notBefore: UInt64 = 0

    /// Keys that are not to be taken now.
    func avoided(at now: UInt64) -> KeySet {
        guard now < self.limitedUntil else { return self.refusedKeys }
        return self.limited
    }

    /// With those that are limited.
    var limited: KeySet {
        var keys = self.refusedKeys
        keys.formUnion(self.limitedKeys)
        return keys
    }
}
