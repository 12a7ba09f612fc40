/// What a client's request becomes for a provider.
public enum TranslatedRequest {
    /// It goes out as it is.
    case exact
    /// It goes out as these bytes.
    case body([UInt8])
    /// First these images have to be fetched.
    case needsImages(PendingRequest)
    /// No provider is asked: the tokens of so many bytes of prompt are counted here.
    case countHere(promptBytes: Int)
}
