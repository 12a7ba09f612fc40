import Domain

/// The key a newcomer calls the gateway with, and where a person finds it.
enum ClientKey: Hashable, Sendable {
    /// Requests need none.
    case notNeeded
    /// `auth.static_key`.
    case configuration
    /// The first key, which nobody has seen yet: it is shown once, on a terminal.
    case unseen(Secret)
    /// The first key, kept in a file because there was no terminal to show it on.
    case file(path: String)
    /// Keys have been made; they were shown then.
    case stored
}
