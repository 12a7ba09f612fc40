public import Domain

/// One provider's peculiarities: a row of the table in `ProviderTable`.
public struct ProviderRow: Hashable, Sendable {
    /// How a key is sent.
    public enum Authentication: Hashable, Sendable {
        /// `Authorization: Bearer KEY`
        case bearer
        /// `api-key: KEY`
        case apiKey
        /// `x-api-key: KEY`
        case xAPIKey
    }

    public var dialect: Dialect
    /// As people write it.
    public var title: String
    public var authentication: Authentication
    /// Its bytes pass unchanged at OpenAI's front doors.
    public var isExact: Bool
    /// Recorded chats this row was tested with; with fewer than 5 the documentation says "untested against real traffic".
    public var recordedChats: Int

    public init(
        _ dialect: Dialect, title: String, authentication: Authentication = .bearer, isExact: Bool = false,
        recordedChats: Int = 0
    ) {
        self.dialect = dialect
        self.title = title
        self.authentication = authentication
        self.isExact = isExact
        self.recordedChats = recordedChats
    }
}
