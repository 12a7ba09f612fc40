/// The version of this build of Sluice, as `sluice --version`, the user agent and the logs give it.
public enum SluiceVersion {
    public static let current = "0.1.0"
}
