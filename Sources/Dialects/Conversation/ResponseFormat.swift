public import JSON

/// What form the answer has.
public enum ResponseFormat: Hashable, Sendable {
    case text
    /// Any JSON object.
    case jsonObject
    case schema(name: [UInt8], description: [UInt8]?, schema: JSONValue, isStrict: Bool?)
}
