import KeyValue

/// Where the identity table is.
public enum IdentityTable {
    /// The file's name in its folder; its companions are named `identity.mdb-lock` and `identity.mdb-gate`.
    public static let fileName = "identity.mdb"

    /// The table's folder, which control makes: edges may read nothing else of the state folder but it and the limit table's.
    public static func folder(stateDirectory: String) -> String { "\(stateDirectory)/identity" }

    /// The table of the gateway with this state folder.
    public static func path(stateDirectory: String) -> String {
        "\(self.folder(stateDirectory: stateDirectory))/\(Self.fileName)"
    }

    /// What it means that the row about the table itself is not as it should be.
    static func unknownFormat(_ path: String) -> KeyValueError {
        KeyValueError(
            path: path, operation: "open", code: 0,
            message: "this is no identity table that this program can read; the file is left as it is", fault: .file)
    }
}
