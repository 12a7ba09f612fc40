/// What an import could not carry over as it was, and where that stands.
public struct ImportNote: Hashable, Sendable, CustomStringConvertible {
    public enum Kind: String, Hashable, Sendable {
        /// It has no counterpart, and nothing in the new file stands for it.
        case dropped
        /// The new file has something like it that does not do quite the same.
        case changed
    }

    public let kind: Kind
    /// In the file that was read, counted from 1.
    public let line: Int
    public let column: Int
    /// Such as `model_list[2].litellm_params.model`.
    public let path: String
    /// Why, and what can be done instead. No secret.
    public let message: String

    /// `LINE:COLUMN: PATH: dropped: MESSAGE`.
    public var description: String {
        "\(self.line):\(self.column): \(self.path): \(self.kind.rawValue): \(self.message)"
    }
}
