/// Why control cannot start, as an exit status; the numbers are those of sysexits.h. None of them is worth a retry.
public enum ControlExitCode {
    /// The server of the control database cannot be reached, or cannot work now. A gateway starts all the same.
    public static let databaseAway: Int32 = 69
    /// Something in the state folder cannot be made.
    public static let cannotCreate: Int32 = 73
    /// A file of the state folder is damaged, or cannot be read or written.
    public static let stateDamaged: Int32 = 74
    /// Another gateway runs with the same state folder.
    public static let stateInUse: Int32 = 75
    /// The state folder belongs to somebody else, or others may look into it.
    public static let notPermitted: Int32 = 77
    /// The configuration is wrong.
    public static let configuration: Int32 = 78
}
