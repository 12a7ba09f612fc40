import Administration
import Configuration
import Domain
import EventLog
import IPC

/// Reads the configuration again, with all the checks of a start and those of a gateway that runs.
enum ConfigurationReload {
    /// What a gateway without a file says.
    static let noFile =
        "the gateway was started without a configuration file: its environment of that time is in force as before"

    /// The configuration of the new version; nothing is changed anywhere. Unless the request says that the file is read, what was read last
    /// counts. `facts` are nil where nothing is known of the store; `readFile` must not wait.
    static func read(
        after before: GatewayState, _ request: ReloadRequest, facts: StoreFacts?, codec: ObjectCodec,
        readFile: BoundedFile.Reader
    ) throws(ReloadRefusal) -> GatewayState {
        var (source, result) =
            request.readsFile
            ? try self.again(before.source, request.version, readFile: readFile)
            : before.source.again(version: request.version)
        guard result.configuration != nil, result.problems.isEmpty else {
            throw ReloadRefusal(lines: result.problems.map(\.description))
        }
        if let facts { source.use(facts) }
        let merge: ObjectMerge
        do throws(ObjectCodec.Unreadable) {
            merge = try ObjectMerge.remade(of: source, result, codec)
        } catch {
            throw ReloadRefusal(lines: ["\(error.name), made by API: \(error.reason)"])
        }
        let configuration = merge.configuration
        let snapshots: SnapshotSet
        do throws(StartFailure) {
            snapshots = try SnapshotSet.made(
                of: source, result, configuration, facts, users: before.snapshots.topology.users,
                earlier: before.snapshots.upstream, readFile: readFile)
        } catch {
            throw ReloadRefusal(error)
        }
        var after = GatewayState(
            source: source, base: result, merge: merge, snapshots: snapshots, notices: result.notices + merge.notices)
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
