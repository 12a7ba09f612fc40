/// Where prices and bounds of models come from, besides the configuration and what is built in.
public struct CatalogueSettings: Hashable, Sendable {
    public enum Source: Hashable, Sendable {
        /// A path as written: relative to the working directory of `sluice serve`.
        case file(String)
        /// https, or http on this machine.
        case url(String)

        /// For people.
        public var text: String {
            switch self {
            case .file(let path): path
            case .url(let url): url
            }
        }
    }

    /// nil: none is looked at.
    public var source: Source?
    /// How often it is looked at, in milliseconds.
    public var refresh: UInt64
    /// What is new in it is put in force by itself; else somebody has to say so.
    public var appliesItself: Bool

    public init(source: Source? = nil, refresh: UInt64 = 86_400_000, appliesItself: Bool = false) {
        self.source = source
        self.refresh = refresh
        self.appliesItself = appliesItself
    }
}
