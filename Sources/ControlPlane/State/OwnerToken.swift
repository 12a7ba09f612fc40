import Domain

/// The first token of the administration, and where a person finds it.
enum OwnerToken: Hashable, Sendable {
    /// Nobody has seen it yet: it is shown once, on a terminal.
    case unseen(Secret)
    /// It is kept in a file because there was no terminal to show it on.
    case file(path: String)
    /// Tokens have been made; they were shown then.
    case stored
}
