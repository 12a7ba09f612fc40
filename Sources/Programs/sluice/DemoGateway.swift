import Administration
import Configuration
import Domain
import Foundation

/// What a person needs to know of a configuration for a first request.
enum DemoGateway {
    /// That of the option; the defaults where it has problems, which somebody else has said by then.
    static func configuration(of option: ConfigurationOption) -> GatewayConfiguration {
        let environment = ProcessInfo.processInfo.environment
        guard let file = option.chosenFile else {
            return ConfigurationLoader.fromEnvironment(environment: environment).configuration ?? GatewayConfiguration()
        }
        guard let bytes = try? BoundedFile.read(path: file, limit: ConfigurationLoader.fileLimit) else {
            return GatewayConfiguration()
        }
        return ConfigurationLoader.load(bytes: bytes, file: file, environment: environment, readFile: BoundedFile.read)
            .configuration ?? GatewayConfiguration()
    }

    /// What curl is given to reach the first listener: of the gateway that runs, else of the configuration.
    static func address(_ configuration: GatewayConfiguration) -> String {
        let folder = AbsolutePath.resolve(
            configuration.stateDirectory, in: FileManager.default.currentDirectoryPath)
        let isSecure = configuration.listen.first?.tls != nil
        if (try? InstanceFile.isLocked(stateDirectory: folder)) == true,
            let bytes = try? BoundedFile.read(path: "\(folder)/run/listeners", limit: 1 << 16),
            let line = String(decoding: bytes, as: UTF8.self).split(separator: "\n").first
        {
            return self.url(String(line), isSecure: isSecure)
        }
        switch configuration.listen.first?.address {
        case .ipv4(let address, let port):
            return self.url(address.map { "\($0)" }.joined(separator: ".") + ":\(port)", isSecure: isSecure)
        case .unix(let path): return self.url("unix:\(path)", isSecure: isSecure)
        case .ipv6(_, _, let port): return self.url("[::1]:\(port)", isSecure: isSecure)
        case .inherited, nil: return self.url("127.0.0.1:8080", isSecure: isSecure)
        }
    }

    /// Of a line such as `127.0.0.1:8080`, `[::1]:8080` or `unix:/path`.
    private static func url(_ line: String, isSecure: Bool) -> String {
        let scheme = isSecure ? "https" : "http"
        if line.hasPrefix("unix:") { return "--unix-socket '\(line.dropFirst(5))' \(scheme)://localhost" }
        // Whoever listens everywhere listens here.
        for (everywhere, here) in [("0.0.0.0:", "127.0.0.1:"), ("[::]:", "[::1]:")] where line.hasPrefix(everywhere) {
            return "\(scheme)://\(here)\(line.dropFirst(everywhere.count))"
        }
        return "\(scheme)://\(line)"
    }

    static func model(_ configuration: GatewayConfiguration) -> String {
        let simulated = configuration.providers.first { provider in
            if case .simulated = provider.settings.kind { true } else { false }
        }
        if let simulated { return "\(simulated.settings.name):demo" }
        if let alias = configuration.models.first(where: { !$0.name.contains("*") }) { return alias.name }
        return "\(configuration.providers.first?.settings.name ?? "simulated"):gpt-4o-mini"
    }
}
