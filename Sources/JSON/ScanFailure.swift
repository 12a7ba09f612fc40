/// Why a request body was refused.
public struct ScanFailure: Error, Hashable, Sendable {
    /// What was wrong.
    public enum Kind: Hashable, Sendable {
        /// The body is not JSON, as far as it was read.
        case notJSON
        /// The body is not UTF-8.
        case invalidUTF8
        /// The body is some other JSON value than an object.
        case notAnObject
        /// Something other than blanks follows the object.
        case trailingContent
        /// A value nests deeper than 1,024 levels.
        case tooDeep
        /// There was no memory for reading the body, or it is longer than 2 GiB.
        case tooLarge
        /// A member by which Sluice routes occurs twice.
        case duplicateMember(RoutingMember)
        /// The key of a member by which Sluice routes is spelled with escapes, or with capitals.
        case escapedMember(RoutingMember)
        /// A member has a value of another type, or one that no reader could agree on.
        case invalidType(RoutingMember, expected: Expected)
    }

    /// What a member has to hold. Each may be null as well, which counts as absent.
    public enum Expected: Hashable, Sendable {
        case boolean, number, integer, object, string
        /// A string of valid Unicode without control characters.
        case name
    }

    public var kind: Kind
    /// Bytes in front of the fault, where that is known.
    public var offset: Int?

    public init(_ kind: Kind, offset: Int? = nil) {
        self.kind = kind
        self.offset = offset
    }

    init(_ fault: JSONFault) {
        switch fault.kind {
        case .malformed: self.init(.notJSON, offset: fault.offset)
        case .invalidUTF8: self.init(.invalidUTF8, offset: fault.offset)
        case .tooDeep: self.init(.tooDeep, offset: fault.offset)
        case .tooLarge: self.init(.tooLarge, offset: fault.offset)
        }
    }
}
