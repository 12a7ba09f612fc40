import ArgumentParser

do {
    var command = try SluiceCommand.parseAsRoot()
    try command.run()
} catch {
    // Wrong usage is 2, as shells and most programs have it; ArgumentParser's own is 64.
    guard SluiceCommand.exitCode(for: error) == .validationFailure else { SluiceCommand.exit(withError: error) }
    StandardStream.error.write(SluiceCommand.fullMessage(for: error) + "\n")
    SluiceCommand.exit(withError: ExitCode(2))
}
