/// What a command can delete.
protocol DeletableSubject: CommandSubject {
    /// What `delete` says of itself.
    static var deleted: String { get }
}
