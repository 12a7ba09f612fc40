/// A code of PostgreSQL (appendix A of its manual): five digits or capital letters, of which the first two are the class.
public struct SQLState: Hashable, Sendable, CustomStringConvertible {
    /// The five ASCII bytes, the first one highest.
    private let value: UInt64

    /// Nil for anything else than five digits or capital letters.
    public init?(_ bytes: some Sequence<UInt8>) {
        var value: UInt64 = 0
        var count = 0
        for byte in bytes {
            count += 1
            let isDigit = (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            guard count <= 5, isDigit || (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) else { return nil }
            value = value << 8 | UInt64(byte)
        }
        guard count == 5 else { return nil }
        self.value = value
    }

    private init(known text: StaticString) {
        var value: UInt64 = 0
        text.withUTF8Buffer { bytes in
            var index = 0
            while index < bytes.count {
                value = unsafe value << 8 | UInt64(bytes[index])
                index += 1
            }
        }
        self.value = value
    }

    public var description: String { String(decoding: self.bytes, as: UTF8.self) }

    private var bytes: [UInt8] {
        stride(from: UInt64(32), through: 0, by: -8).map { UInt8(truncatingIfNeeded: self.value >> $0) }
    }

    /// Whether it begins with these characters.
    private func isOf(_ beginning: StaticString) -> Bool {
        self.value >> (8 * UInt64(5 - min(5, beginning.utf8CodeUnitCount))) == SQLState(known: beginning).value
    }

    // MARK: Codes that are looked at. Those of class 08 are also what this program says itself of a connection.

    /// The connection is lost, or there is none.
    public static let connectionFailure = SQLState(known: "08006")
    /// No connection could be made.
    public static let cannotConnect = SQLState(known: "08001")
    /// The server said what makes no sense.
    public static let protocolViolation = SQLState(known: "08P01")
    public static let uniqueViolation = SQLState(known: "23505")
    public static let serializationFailure = SQLState(known: "40001")
    public static let deadlock = SQLState(known: "40P01")
    /// Among others: the plan of a prepared statement no longer fits, because the schema has changed.
    public static let notSupported = SQLState(known: "0A000")
    /// There is no prepared statement of that name (any more).
    public static let noSuchStatement = SQLState(known: "26000")
    public static let lockNotAvailable = SQLState(known: "55P03")
    /// Among others: the statement timeout.
    public static let canceled = SQLState(known: "57014")
    public static let cannotConnectNow = SQLState(known: "57P03")
    public static let readOnlyTransaction = SQLState(known: "25006")
    /// A text with a byte that no text may have.
    public static let characterNotInRepertoire = SQLState(known: "22021")
    public static let outOfRange = SQLState(known: "22003")
    public static let dataCorrupted = SQLState(known: "XX001")
    public static let indexCorrupted = SQLState(known: "XX002")
    /// Wrong use of a connection or a statement, seen by this program.
    public static let misuse = SQLState(known: "HV010")
    /// The schema is newer than this program.
    public static let unknownSchema = SQLState(known: "3F000")

    // MARK: Kinds

    /// What the server says of data that do not fit often quotes them.
    var mayQuoteValues: Bool { self.isOf("22") }

    /// The session is gone: the operator or a crash has ended it.
    var endsSession: Bool { self.isOf("57P0") || self.isOf("08") || self == SQLState(known: "25P03") }

    /// Running the transaction again from its beginning is what the server asks for.
    public var asksForAnotherRun: Bool { self == .serializationFailure || self == .deadlock }

    /// Who has to change something.
    var fault: DatabaseError.Fault {
        if self == .dataCorrupted || self == .indexCorrupted || self == .unknownSchema { return .file }
        if self == .canceled || self == .lockNotAvailable || self.isOf("40") { return .contention }
        if self == .readOnlyTransaction || self == SQLState(known: "42501") { return .machine }
        if self.isOf("22") || self.isOf("23") { return .data }
        // Connection, authorization, no such database, resources, the operator, the system, a crash.
        let machine: [StaticString] = ["08", "28", "3D", "53", "57", "58", "XX", "F0"]
        if machine.contains(where: { self.isOf($0) }) { return .machine }
        // The server ended the session, as the transaction stood idle for too long.
        if self == SQLState(known: "25P03") { return .machine }
        return .program
    }

    /// Whether the same may succeed later. Of a refused password, too: it is the server that has to change.
    var isRetryable: Bool {
        switch self.fault {
        case .contention: true
        case .machine: self != SQLState(known: "42501")
        case .data, .file, .program: self == .noSuchStatement
        }
    }
}
