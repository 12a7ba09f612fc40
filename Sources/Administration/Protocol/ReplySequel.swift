/// What has still to happen on control's loop before an answer goes out.
public enum ReplySequel: Hashable, Sendable {
    /// The change of that number is waited for. Once it is in force the body is this one; what the answer has is for when it is not.
    case objects(number: Int64, inForce: [UInt8])
    /// A provider is called, and the answer says what came of it.
    case probe(ProviderProbe)
    /// The answer is that to another request, which is to be given so many milliseconds later. Where too many wait it is this one.
    case again(AdministrationRequest, milliseconds: UInt64)
}
