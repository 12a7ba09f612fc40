public import Domain

/// The name of an entry of the board: a hash of what it is about. Nothing can be read back from it.
public struct HealthID: Hashable, Sendable {
    /// What an entry's words are; a number that is changed with the meaning of the words, so that entries of another meaning are
    /// never found.
    private enum Kind: UInt64 {
        case provider = 0x11
        case target = 0x12
        case key = 0x13
        case keyAndModel = 0x14
        case running = 0x15
        case waiting = 0x16
    }

    public let high: UInt64
    public let low: UInt64

    private init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    private init(_ kind: Kind) {
        self.init(high: kind.rawValue &* 0x9E37_79B9_7F4A_7C15, low: ~kind.rawValue)
    }

    /// With a further part, of which the length counts too.
    private func with(_ bytes: some Collection<UInt8>) -> HealthID {
        var (high, low) = (self.high, self.low)
        var (word, count): (UInt64, UInt64) = (0, 0)
        func add(_ value: UInt64) {
            let first = (high ^ value).multipliedFullWidth(by: 0xA076_1D64_78BD_642F)
            let second = (low &+ value).multipliedFullWidth(by: 0xE703_7ED1_A0B4_28DB)
            high = first.high ^ first.low ^ low
            low = second.high ^ second.low ^ first.high
        }
        for byte in bytes {
            word |= UInt64(byte) << (count & 7 &* 8)
            count += 1
            if count & 7 == 0 {
                add(word)
                word = 0
            }
        }
        add(word)
        add(count &* 0x9E37_79B9_7F4A_7C15 | 1)
        return HealthID(high: high, low: low)
    }

    /// A provider by its name in the configuration.
    public static func provider(_ name: String) -> HealthID { HealthID(.provider).with(name.utf8) }

    /// A model of a provider, as that one knows it.
    public static func target(provider: String, model: [UInt8]) -> HealthID {
        HealthID(.target).with(provider.utf8).with(model)
    }

    /// A key of a provider; one without bytes stands for calls without a key.
    public static func key(provider: String, value: Secret) -> HealthID {
        value.withBytes { HealthID(.key).with(provider.utf8).with($0) }
    }

    /// A key of a provider, for one model.
    public static func key(provider: String, value: Secret, model: [UInt8]) -> HealthID {
        value.withBytes { HealthID(.keyAndModel).with(provider.utf8).with($0) }.with(model)
    }

    /// The requests that wait for a provider: counted as running calls are (`HealthBoard.runningWord`).
    public static func waiting(_ name: String) -> HealthID { HealthID(.waiting).with(name.utf8) }

    /// Where the processes at `HealthBoard.placesOfPage` places of the table say how many calls they have running there.
    func running(page: Int) -> HealthID {
        HealthID(
            high: self.high ^ HealthID(.running).high &* (UInt64(truncatingIfNeeded: page) &* 2 &+ 1), low: ~self.low)
    }
}
