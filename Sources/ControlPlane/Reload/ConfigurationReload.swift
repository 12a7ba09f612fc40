import Administration
import Configuration
import Domain
import EventLog

/// Reads the configuration again, with all the checks of a start and those of a gateway that runs.
enum ConfigurationReload {
    /// What a gateway without a file says.
    static let noFile =
        "the gateway was started without a configuration file: its environment of that time is in force as before"

    /// The configuration of the new version; nothing is changed anywhere. `facts` are nil where nothing is known of the store; `readFile` must not
    /// wait.
    static func read(
        after before: GatewayState, version: UInt64, facts: StoreFacts?, readFile: BoundedFile.Reader
    ) throws(ReloadRefusal) -> GatewayState {
        let (source, result) = try self.again(before.source, version, readFile: readFile)
        guard let configuration = result.configuration, result.problems.isEmpty else {
            throw ReloadRefusal(lines: result.problems.map(\.description))
        }
        let snapshots: SnapshotSet
        do throws(StartFailure) {
            snapshots = try SnapshotSet.made(
                of: source, result, configuration, facts, users: before.snapshots.topology.users,
                earlier: before.snapshots.upstream, readFile: readFile)
        } catch {
            throw ReloadRefusal(error)
        }
        var after = GatewayState(
            source: source, configuration: configuration, snapshots: snapshots, notices: result.notices)
        let changes = RestartOnly(before: before, after: after, result: result).problems
        guard changes.isEmpty else { throw ReloadRefusal(lines: changes.map(\.description)) }
        if source.file == nil { after.notices.insert(self.noFile, at: 0) }
        if let notice = self.noKeys(configuration, facts) { after.notices.append(notice) }
        return after
    }

    private static func again(
        _ source: ConfigurationSource, _ version: UInt64, readFile: BoundedFile.Reader
    ) throws(ReloadRefusal) -> (source: ConfigurationSource, result: ConfigurationResult) {
        do throws(BoundedFile.Failure) {
            return try source.readAgain(version: version, readFile: readFile)
        } catch {
            throw ReloadRefusal(lines: ["\(source.file?.name ?? ""): the file cannot be read: \(error.reason)"])
        }
    }

    /// Nobody can call a gateway that wants keys and has none; the first key is made at a start only.
    private static func noKeys(_ configuration: GatewayConfiguration, _ facts: StoreFacts?) -> String? {
        guard configuration.auth.keys == .required, configuration.auth.staticKey == nil, facts?.hasKeys == false
        else { return nil }
        return "there is no key that clients could call the gateway with: `sluice keys create` makes one"
    }
}
