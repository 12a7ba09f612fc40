import Administration
import Configuration
import Domain
import JSON

/// Objects as they are stored, and as the configuration reads them: between the two stands the vault.
struct ObjectCodec: Sendable {
    let vault: Vault

    /// Why a stored object cannot be read; without anything of what it holds.
    struct Unreadable: Error, Hashable, Sendable {
        var name: String
        var reason: String
    }

    /// What was stored.
    func object(of record: ObjectRecord) throws(Unreadable) -> ConfigurationObject {
        guard let kind = ObjectKind(rawValue: record.kind) else {
            throw Unreadable(name: record.name, reason: "it is of a kind that this version does not know")
        }
        guard let members = Self.members(record) else {
            throw Unreadable(name: record.name, reason: "what was stored of it is damaged")
        }
        let name = ObjectName(kind, record.name)
        guard let sealed = record.sealed else {
            return ConfigurationObject(name, members: members, created: record.created)
        }
        let opened: Secret
        do throws(VaultError) {
            opened = try self.vault.open(sealed, for: .provider(record.name))
        } catch {
            throw Unreadable(name: record.name, reason: "its secrets cannot be opened: \(error)")
        }
        guard let bound = BoundSecrets(opened: opened), let whole = ObjectSecrets.put(bound.secrets, into: members)
        else {
            throw Unreadable(name: record.name, reason: "what was stored of it is damaged")
        }
        let object = ConfigurationObject(name, members: whole, created: record.created)
        guard bound.mayGo(to: Self.origin(of: object)) else {
            throw Unreadable(
                name: record.name,
                reason: "its secrets were given for another scheme, host or port: delete it and make it anew")
        }
        return object
    }

    /// All of them.
    func objects(of records: ObjectRecords) throws(Unreadable) -> [ConfigurationObject] {
        var objects: [ConfigurationObject] = []
        for record in records.records { objects.append(try self.object(of: record)) }
        return objects
    }

    /// Those that can be read, and why the others cannot.
    func readable(_ records: ObjectRecords) -> (objects: [ConfigurationObject], unreadable: [ObjectName: String]) {
        var objects: [ConfigurationObject] = []
        var unreadable: [ObjectName: String] = [:]
        for record in records.records {
            do throws(Unreadable) {
                objects.append(try self.object(of: record))
            } catch {
                guard let kind = ObjectKind(rawValue: record.kind) else { continue }
                unreadable[ObjectName(kind, record.name)] = error.reason
            }
        }
        return (objects, unreadable)
    }

    /// What is to be stored; `earlier` is what it replaces.
    func record(
        of object: ConfigurationObject, replacing earlier: ObjectRecord?, now: UInt64
    ) throws(VaultError) -> ObjectRecord {
        var writer = JSONWriter()
        let isProvider = object.name.kind == .provider
        writer.value(.object(isProvider ? ObjectSecrets.masked(object.members) : object.members))
        var sealed: [UInt8]?
        if isProvider, let secrets = ObjectSecrets.taken(from: object.members) {
            let bound = BoundSecrets(secrets, for: Self.origin(of: object))
            sealed = try self.vault.seal(bound.sealable, for: .provider(object.name.text))
        }
        return ObjectRecord(
            kind: object.name.kind.rawValue, name: object.name.text, body: writer.bytes, sealed: sealed,
            created: earlier?.created ?? now, changed: now, version: (earlier?.version ?? 0) &+ 1)
    }

    /// Where the secrets of an object go; empty where nowhere.
    private static func origin(of object: ConfigurationObject) -> String {
        guard case .object(.provider(let provider)) = ObjectSchema.read(object, providers: []) else { return "" }
        return provider.origin.map { "\($0)" } ?? ""
    }

    /// The members with masks in the places of secrets.
    static func members(_ record: ObjectRecord) -> [JSONValue.Member]? {
        guard case .object(let members)? = try? JSONReader().read(record.body, maximumBytes: 4 << 20) else {
            return nil
        }
        return members
    }
}
