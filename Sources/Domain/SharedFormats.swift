/// The numbers of the formats that two generations of programs share while one takes over from the other. This is the one
/// place where they stand; the modules that read and write take theirs from here.
///
/// Raise one when a program of the number before could not read, or would misread, what is written from now on. A tree can be
/// upgraded while it runs where `mayFollow` says so.
public struct SharedFormats: Hashable, Sendable {
    /// `limits.table`.
    @inlinable public static var limitTable: UInt32 { 1 }
    /// Segments of journals. Records have got new flags without another number: no older program ever reads what a newer one writes, but
    /// after a downgrade, and then it sets such records aside.
    @inlinable public static var journal: UInt32 { 2 }
    /// Rows of keys in the identity table.
    @inlinable public static var identityRow: UInt32 { 3 }
    /// Rows of projects, organizations and users there.
    @inlinable public static var entityRow: UInt32 { 2 }
    /// control.db: the last migration.
    @inlinable public static var controlSchema: UInt32 { 5 }
    /// usage.db: the last migration.
    @inlinable public static var usageSchema: UInt32 { 3 }
    /// The configuration in force.
    @inlinable public static var configuration: UInt32 { 5 }
    /// What a supervisor hands to the program that replaces it.
    @inlinable public static var supervisorState: UInt32 { 3 }

    /// In the order above.
    public var numbers: [UInt32]

    /// What each number is of.
    public static let names = [
        "limits.table", "journal", "key rows", "entity rows", "control.db", "usage.db", "configuration in force",
        "supervisor state",
    ]
    /// Those that may grow: the newer program brings the file forward, and the older one lives with that.
    private static let growing: Set<Int> = [4, 5]

    /// This program's.
    public static var current: SharedFormats {
        SharedFormats(numbers: [
            Self.limitTable, Self.journal, Self.identityRow, Self.entityRow, Self.controlSchema, Self.usageSchema,
            Self.configuration, Self.supervisorState,
        ])
    }

    public init(numbers: [UInt32]) {
        self.numbers = numbers
    }

    /// What stands in the way of programs with `next` taking over from ones with these, named; nil where nothing does.
    public func obstacle(to next: SharedFormats) -> String? {
        guard self.numbers.count == Self.names.count, next.numbers.count == Self.names.count else {
            return "the formats of the two cannot be compared"
        }
        let different = Self.names.indices.filter { index in
            let (old, new) = (self.numbers[index], next.numbers[index])
            return Self.growing.contains(index) ? new < old : new != old
        }
        guard !different.isEmpty else { return nil }
        return different.map { "\(Self.names[$0]) has format \(self.numbers[$0]), the new program \(next.numbers[$0])" }
            .joined(separator: "; ")
    }
}
