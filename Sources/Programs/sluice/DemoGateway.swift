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

    /// With what curl reaches the first listener that it can.
    static func address(_ configuration: GatewayConfiguration) -> String {
        for listener in configuration.listen {
            let scheme = listener.tls == nil ? "http" : "https"
            switch listener.address {
            case .tcp(let host, let port):
                // Whoever listens everywhere listens here.
                let reachable = host == "0.0.0.0" ? "127.0.0.1" : host == "::" ? "::1" : host
                return "\(scheme)://\(reachable.contains(":") ? "[\(reachable)]" : reachable):\(port)"
            case .unix, .descriptor: continue
            }
        }
        return "http://127.0.0.1:8080"
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
