import Administration
import ArgumentParser
import Domain
import JSON
import Reconciliation

/// What a gateway knows of its provider calls, for a comparison with what a provider says.
struct CallUsage {
    let option: ConfigurationOption
    /// Whose dialect the provider speaks: `openai` or `anthropic`.
    let vendor: String

    /// Everything that was found.
    struct Found {
        var usage: [GatewayUsage] = []
        /// Since when there is everything, where that is later than the period begins.
        var removedBefore: String?
        /// Providers that were asked for and have no calls on these days.
        var silent: [String] = []
    }

    /// The one provider of the gateway that speaks the dialect. Ends the program with status 2 where that is not exactly one.
    func onlyProvider() throws -> String {
        if let reason = try self.whyNotRunning() {
            throw self.unclear("\(reason): which provider the file is of has to be said: --provider NAME")
        }
        let names = try self.configured().filter { $0.dialect.elementsEqual(self.vendor.utf8) }.map(\.name)
        if names.count == 1 { return names[0] }
        throw self.unclear(
            names.isEmpty
                ? "no provider has the dialect \(self.vendor): --provider NAME says which one the file is of"
                : "several providers have the dialect \(self.vendor) (\(names.joined(separator: ", "))): --provider NAME says which "
                    + "the file is of, again for each")
    }

    /// Ends the program with status 2 where one of these, of which nothing was found, is no provider of the gateway either. One that was taken
    /// out of the configuration has calls still. Of a stopped gateway nobody knows which it has.
    func requireConfigured(_ silent: [String]) throws {
        guard !silent.isEmpty, try self.whyNotRunning() == nil else { return }
        let names = try self.configured().map(\.name).sorted()
        guard let unknown = silent.first(where: { !names.contains($0) }) else { return }
        throw self.unclear(
            "there is no provider \(AdministrationOutput.printable(Array(unknown.utf8)))"
                + (names.isEmpty ? "" : ": there are \(names.joined(separator: ", "))"))
    }

    /// Why a gateway that runs cannot be asked; nil where it can.
    private func whyNotRunning() throws -> String? {
        do throws(AdministrationClient.Failure) {
            try AdministrationClient(configurationFile: self.option.chosenFile).requireRunning()
            return nil
        } catch {
            guard error.exitCode == AdministrationClient.unavailable else { throw AdministrationOutput.exit(error) }
            return error.message
        }
    }

    private func configured() throws -> [(name: String, dialect: [UInt8])] {
        try self.answered { try AdministrationOutput.all(of: self.option, ["providers"]) }.compactMap { provider in
            guard let name = provider["name"]?.string else { return nil }
            return (String(decoding: name, as: UTF8.self), provider["dialect"]?.string ?? [])
        }
    }

    private func unclear(_ message: String) -> ExitCode {
        StandardStream.error.write("sluice: \(message)\n")
        return ExitCode(2)
    }

    /// The calls that began on these days in UTC.
    func read(days: ClosedRange<Int64>, of providers: [String]) throws -> Found {
        let since = UInt64(max(0, days.lowerBound)) * 86_400_000
        let until = UInt64(max(0, days.upperBound) + 1) * 86_400_000
        var found = Found()
        for provider in Set(providers).sorted() {
            var after: JSONValue?
            let before = found.usage.count
            repeat {
                var query = CommandText.members([
                    ("since", TimeText.text(milliseconds: since)), ("until", TimeText.text(milliseconds: until)),
                    ("provider", provider),
                ])
                if let after { query.append(JSONValue.Member("after", after)) }
                let page = try self.answered {
                    try AdministrationOutput.body(of: self.option, .get, ["usage", "calls"], query).value
                }
                if let kept = page["kept_from"]?.string.map({ String(decoding: $0, as: UTF8.self) }),
                    let time = TimeText.milliseconds(kept), time > since
                {
                    found.removedBefore = kept
                }
                found.usage += try (page["data"]?.array ?? []).map(self.usage)
                after = page["next"]?.string.map { .string($0) }
            } while after != nil
            if found.usage.count == before { found.silent.append(provider) }
        }
        return found
    }

    /// A refusal ends the program with status 2: 1 says that numbers differ.
    private func answered<Answer>(_ ask: () throws -> Answer) throws -> Answer {
        do {
            return try ask()
        } catch let code as ExitCode where code == ExitCode(1) {
            throw ExitCode(2)
        }
    }

    private func usage(_ entry: JSONValue) throws -> GatewayUsage {
        guard let date = entry["date"]?.string.map({ String(decoding: $0, as: UTF8.self) }),
            let day = ReconcileCommand.day(date), let billed = entry["billed"]?.string,
            let source = entry["usage_source"]?.string, let calls = entry["calls"]?.integer,
            let searches = entry["searches"]?.integer, let tokens = entry["tokens"]
        else {
            StandardStream.error.write("sluice: the answer cannot be read\n")
            throw ExitCode(AdministrationClient.unavailable)
        }
        var usage = TokenUsage()
        for tokenClass in TokenClass.allCases { usage[tokenClass] = tokens.member(tokenClass.label)?.integer ?? 0 }
        return GatewayUsage(
            day: day, model: entry["model_sent"]?.string ?? [], isBilled: billed.elementsEqual("yes".utf8),
            isEstimated: !source.elementsEqual("provider".utf8), calls: calls, searches: searches, usage: usage)
    }
}
