/// The version of the product. Workers of one tree must agree on it.
public enum SluiceVersion {
    public static let current = "0.1.0"
}
