import ArgumentParser

/// The arguments that say which organization, project, provider … a command is about.
protocol CommandSubject: ParsableArguments {
    /// What `show` says of itself.
    static var shown: String { get }

    /// Its path behind `/api/v1/`; a name is looked up where ids are wanted.
    func path(_ option: ConfigurationOption) throws -> [String]
}
