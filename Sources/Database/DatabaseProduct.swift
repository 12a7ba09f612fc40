/// The databases that are spoken to.
public enum DatabaseProduct: Hashable, Sendable {
    case sqlite
    case postgres
}
