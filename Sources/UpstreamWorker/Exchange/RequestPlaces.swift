internal import Resilience

/// A request's places, as its exchange takes what its calls need, tells how they fared, and gives it back. Attempts are known by
/// their numbers.
protocol RequestPlaces: CallPlaces {
    /// It has content, or a whole reply, so many nanoseconds after it began.
    func answered(_ number: UInt8, firstContent: UInt64)
    /// It has failed, before or after it had content.
    func failed(_ number: UInt8, _ failure: CallFailure)
    /// The provider says that its key has nothing left for so many nanoseconds.
    func keyRests(_ number: UInt8, for nanoseconds: UInt64)
    /// Another attempt was faster after this one had run for so many nanoseconds without content.
    func outrun(_ number: UInt8, after nanoseconds: UInt64)
    /// It is over, or was not made: what it has taken is given back. `tokens` are those it has used; nil where nobody knows.
    func ended(_ number: UInt8, tokens: Int64?, at now: UInt64)
}
