import Administration
import Catalogue
import Configuration
import Domain
import EventLog
import JSON

/// `providers`, `models` (aliases) and `prices`: what the configuration says of them, and what the API adds.
///
/// The file wins: a name that it has can be read here and not changed. What is written here is checked whole before it is stored,
/// together with everything else, and in force in all workers when the answer goes out. Secrets are taken and never given: an answer has
/// `sk-…abcd` in their places, and a change that has the same mask there leaves the secret as it is.
final class ObjectsResource: AdministrationResource {
    let kind: ObjectKind
    let store: AdministrationStore
    let codec: ObjectCodec
    let board: ObjectBoard
    private let clock: () -> UInt64

    /// `clock` gives milliseconds since 1970.
    init(
        _ kind: ObjectKind, store: AdministrationStore, codec: ObjectCodec, board: ObjectBoard,
        clock: @escaping () -> UInt64 = Timestamp.now
    ) {
        self.kind = kind
        self.store = store
        self.codec = codec
        self.board = board
        self.clock = clock
    }

    // MARK: Reading

    /// Everything of this kind, file's and API's, by name.
    private func listings() throws(AdministrationFailure) -> [ObjectListing] {
        let state = self.board.now
        let records = try self.store.objects()
        var listings: [ObjectName: ObjectListing] = [:]
        for (name, object) in state.base.objects where name.kind == self.kind {
            if state.base.hasStandIn, state.merge.configuration.providers != [.simulated], name.kind == .provider {
                continue
            }
            listings[name] = ObjectListing(name, object, state)
        }
        for record in records.records where record.kind == self.kind.rawValue {
            let name = ObjectName(self.kind, record.name)
            if listings[name] != nil {
                listings[name]?.hidesObject = true
            } else {
                listings[name] = ObjectListing(record, name, state)
            }
        }
        let endings = self.endings(state)
        return listings.values.sorted { $0.name < $1.name }.map { listing in
            var listing = listing
            listing.endings = endings[listing.name] ?? []
            return listing
        }
    }

    /// Which aliases lead to models that end.
    private func endings(_ state: ObjectBoard.State) -> [ObjectName: [EndingModels.Ending]] {
        guard self.kind == .alias else { return [:] }
        let configuration = state.merge.configuration
        let models = EndingModels(
            state.catalogue?.document, configuration.providers.map(\.settings),
            today: CatalogueDay(milliseconds: self.clock()))
        return Dictionary(
            configuration.models.map { (ObjectName(.alias, $0.name), models.endings(of: $0)) }
        ) { first, _ in first }
    }

    func list(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        try call.require(.readConfiguration, in: .gateway)
        let source = try call.fields.text("source")
        let after = try call.fields.text("after").map { ObjectName(self.kind, $0) }
        let limit = Int(try call.fields.count("limit") ?? Int64(Self.pageLimit))
        try call.fields.end()
        let all = try self.listings().filter { listing in
            (after.map { $0 < listing.name } ?? true)
                && (source.map { $0.utf8.elementsEqual(listing.source.utf8) } ?? true)
        }
        var bytes = 0
        let page = all.prefix(min(max(1, limit), Self.pageLimit)).prefix { listing in
            // An answer has to fit into a frame.
            defer { bytes += listing.size }
            return bytes < Self.pageBytes
        }
        let next = page.count < all.count ? page.last?.name.text : nil
        return AdministrationReply(page: page, next: next) { $0.write(to: &$1) }
    }

    func show(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        try call.require(.readConfiguration, in: .gateway)
        try call.fields.end()
        let name = self.name(of: call)
        guard let listing = try self.listings().first(where: { $0.name == name }) else { throw self.absent(name) }
        return AdministrationReply(version: listing.record?.version) { listing.write(to: &$0) }
    }

    // MARK: Changing

    func create(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        try call.require(.changeConfiguration, in: .gateway)
        let member = Self.nameMember(self.kind)
        let name = ObjectName(self.kind, try call.fields.text(member) ?? "")
        let members = call.request.body.filter { !$0.key.elementsEqual(member.utf8) }
        try self.refuseDefined(name)
        let answer: AdministrationStore.Answer<Change> = { self.reply($0, status: 201) }
        let change = try self.change(name, call.origin, answer: answer) { (old, _) throws(AdministrationFailure) in
            guard old == nil else {
                throw AdministrationFailure(
                    status: 409, code: "name_taken",
                    message: "there is a \(self.kind.noun) named \(name.text) already: PATCH changes it", field: member)
            }
            return ConfigurationObject(name, members: members.filter { $0.value != .null }, created: self.clock())
        }
        return answer(change)
    }

    func update(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        try call.require(.changeConfiguration, in: .gateway)
        let name = self.name(of: call)
        let patch = call.request.body
        try self.refuseDefined(name)
        let request = call
        let change = try self.change(name, call.origin) { (old, object) throws(AdministrationFailure) in
            guard let old else { throw self.absent(name) }
            try request.requireMatch(version: old.version)
            guard let object else { throw self.unreadable(name) }
            var changed = object
            changed.members = ObjectPatch.apply(patch, to: object.members)
            guard self.kind == .provider else { return changed }
            changed.members = ObjectSecrets.keep(object.members, in: changed.members)
            try Self.bind(changed, patch, to: object)
            return changed
        }
        return self.reply(change, status: 200)
    }

    func delete(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        try call.require(.changeConfiguration, in: .gateway)
        try call.fields.end()
        let name = self.name(of: call)
        let request = call
        let change: Change
        do throws(AdministrationFailure) {
            change = try self.change(name, call.origin) { (old, _) throws(AdministrationFailure) in
                guard let old else { throw self.absent(name) }
                try request.requireMatch(version: old.version)
                return nil
            }
        } catch {
            if error.status == 404 { try self.refuseDefined(name) }
            throw error
        }
        var reply = AdministrationReply(status: 204, body: [])
        reply.sequel = .objects(number: change.number, inForce: [])
        return reply
    }

    func test(_ call: inout AdministrationCall) throws(AdministrationFailure) -> AdministrationReply {
        try call.require(.changeConfiguration, in: .gateway)
        let name = self.name(of: call)
        let key = try call.fields.text("key")
        try call.fields.end()
        let state = self.board.now
        guard
            let provider = state.merge.configuration.providers.first(where: {
                $0.settings.name.utf8.elementsEqual(name.text.utf8)
            })
        else { throw self.absent(name) }
        var secret = provider.settings.apiKey
        if let key {
            guard let named = provider.settings.keys.first(where: { $0.name.utf8.elementsEqual(key.utf8) }) else {
                throw .unusable("key", "the provider has no key named \(key)")
            }
            secret = named.value
        }
        guard let probe = ProviderProbe(provider, key: secret) else { return ProbeResult.simulated.reply }
        var reply = AdministrationReply(
            AdministrationFailure(status: 503, code: "not_running", message: "the gateway does not run"))
        reply.sequel = .probe(probe)
        return reply
    }

    // MARK: -

    private struct Change {
        var number: Int64
        var record: ObjectRecord?
        var merge: ObjectMerge
        var name: ObjectName
    }

    private var audited: AuditEntry.Kind {
        switch self.kind {
        case .provider: .provider
        case .alias: .alias
        case .price: .price
        }
    }

    private func name(of call: AdministrationCall) -> ObjectName {
        ObjectName(self.kind, call.segments[Self.nameMember(self.kind)] ?? "")
    }

    /// Makes of the old object the new one, nil to delete it; checks everything before anything is stored.
    private func change(
        _ name: ObjectName, _ origin: AuditOrigin, answer: AdministrationStore.Answer<Change>? = nil,
        _ make: (ObjectRecord?, ConfigurationObject?) throws(AdministrationFailure) -> ConfigurationObject?
    ) throws(AdministrationFailure) -> Change {
        let state = self.board.now
        var made: (record: ObjectRecord?, merge: ObjectMerge)?
        func outcome(_ number: Int64) -> Change {
            Change(number: number, record: made?.record, merge: made?.merge ?? ObjectMerge(state.base, []), name: name)
        }
        let number = try self.store.changeObject(
            kind: self.audited, number: name.kind.rawValue, name: name.text, from: origin,
            answer: answer.map { answer in { answer(outcome($0)) } }
        ) { records in
            do throws(AdministrationFailure) {
                let old = records.records.first {
                    $0.kind == name.kind.rawValue && $0.name.utf8.elementsEqual(name.text.utf8)
                }
                let (objects, unreadable) = self.codec.readable(records)
                let object = try make(old, objects.first { $0.name == name })
                let others = objects.filter { $0.name != name }
                var reasons = unreadable
                reasons[name] = nil
                let before = ObjectMerge(state.base, objects, unreadable: unreadable)
                let merge = ObjectMerge(state.base, others + [object].compactMap(\.self), unreadable: reasons)
                if let object { try self.check(object, merge) }
                try Self.refuseBreaking(name, before, merge)
                if let objection = self.board.objection(to: merge.configuration) {
                    throw AdministrationFailure(status: 422, code: "too_large", message: objection)
                }
                guard let object else {
                    made = (nil, merge)
                    return .delete
                }
                let record: ObjectRecord
                do throws(VaultError) {
                    record = try self.codec.record(of: object, replacing: old, now: self.clock())
                } catch {
                    throw AdministrationFailure(error)
                }
                made = (record, merge)
                return .put(record)
            } catch {
                return .refuse(error)
            }
        }
        return outcome(number)
    }

    /// Throws what is wrong with an object, the first thing of it.
    private func check(_ object: ConfigurationObject, _ merge: ObjectMerge) throws(AdministrationFailure) {
        let providers = merge.configuration.providers.map(\.settings.name)
        let read: ConfiguredObject
        switch ObjectSchema.read(object, providers: providers) {
        case .object(let object): read = object
        case .problems(let problems):
            guard let problem = problems.first(where: \.isUnknownMember) ?? problems.first else { return }
            let field = problem.member == "name" ? Self.nameMember(self.kind) : problem.member
            throw AdministrationFailure(
                status: problem.isUnknownMember ? 400 : 422,
                code: problem.isUnknownMember ? "invalid_request" : "invalid_value",
                message: "\(field): \(problem.message)", field: field)
        }
        if case .provider(let provider) = read, case .server(_, let baseURL) = provider.settings.kind,
            let objection = PublicURL.objection(to: baseURL)
        {
            throw .unusable("base_url", "base_url: \(objection)")
        }
        if let reason = merge.reasons[object.name] {
            throw AdministrationFailure(status: 422, code: "invalid_value", message: reason)
        }
    }

    /// Throws where others would not be in force any more.
    private static func refuseBreaking(
        _ name: ObjectName, _ before: ObjectMerge, _ after: ObjectMerge
    ) throws(AdministrationFailure) {
        let broken = after.reasons.keys.filter { before.reasons[$0] == nil && $0 != name }.sorted()
        guard !broken.isEmpty else { return }
        let names = broken.prefix(5).map { "the \($0.kind.noun) \($0.text)" }.joined(separator: ", ")
        let more = broken.count > 5 ? " and \(broken.count - 5) more" : ""
        throw AdministrationFailure(
            status: 409, code: "in_use", message: "\(names)\(more) would not work without it: change those first")
    }

    /// A key goes where it was given for: another host, port or scheme asks for the secrets again.
    private static func bind(
        _ changed: ConfigurationObject, _ patch: [JSONValue.Member], to old: ConfigurationObject
    ) throws(AdministrationFailure) {
        guard case .object(.provider(let new)) = ObjectSchema.read(changed, providers: []) else { return }
        if case .object(.provider(let before)) = ObjectSchema.read(old, providers: []), before.origin == new.origin {
            return
        }
        let kept = Set(ObjectSecrets.all(in: ObjectSecrets.keep(old.members, in: changed.members)).keys)
            .subtracting(Self.given(in: patch, old))
        guard let place = kept.map(\.description).min() else { return }
        let field = place.hasPrefix("keys") ? "keys" : place
        throw AdministrationFailure(
            status: 422, code: "credentials_needed",
            message: "\(place) was given for another scheme, host or port: give it again for "
                + "\(new.origin.map { "\($0)" } ?? "the new provider"), or null to take it away",
            field: field)
    }

    /// The places of secrets that a patch says anew; the mask of what is there says nothing.
    private static func given(
        in patch: [JSONValue.Member], _ old: ConfigurationObject
    ) -> Set<ObjectSecrets.Place> {
        let before = ObjectSecrets.all(in: old.members)
        return Set(
            ObjectSecrets.all(in: patch).filter { place, value in
                before[place].map { !SecretMask.text(of: Secret($0)).utf8.elementsEqual(value) } ?? true
            }.keys)
    }

    private func refuseDefined(_ name: ObjectName) throws(AdministrationFailure) {
        let base = self.board.now.base
        guard !(name.kind == .provider && base.hasStandIn), let place = base.place(of: name) else { return }
        let file = place.line.map { "\(place.file):\($0)" } ?? "the environment"
        throw AdministrationFailure(
            status: 409, code: "defined_in_file",
            message: "\(name.text) is defined in \(file), which wins over the API: change it there",
            field: Self.nameMember(self.kind))
    }

    private func absent(_ name: ObjectName) -> AdministrationFailure {
        .notFound("there is no \(self.kind.noun) named \(name.text.prefix(256))")
    }

    private func unreadable(_ name: ObjectName) -> AdministrationFailure {
        AdministrationFailure(
            status: 409, code: "unreadable", message: "what is stored of \(name.text) cannot be read: delete it")
    }

    private func reply(_ change: Change, status: Int) -> AdministrationReply {
        guard let record = change.record else { return AdministrationReply(status: status, body: []) }
        let now = self.board.now
        let state = ObjectBoard.State(
            base: now.base, merge: change.merge, number: change.number, catalogue: now.catalogue)
        var listing = ObjectListing(record, change.name, state)
        listing.endings = self.endings(state)[change.name] ?? []
        let inForce = AdministrationReply { listing.write(to: &$0) }.body
        listing.isInForce = false
        listing.problem = "it is not in force in all workers yet; `status` says more"
        let location =
            status == 201
            ? "\(AdministrationRequest.root)\(Self.path(self.kind))/\(PathText.encode(change.name.text))" : nil
        var reply = AdministrationReply(status: status, version: record.version, location: location) {
            listing.write(to: &$0)
        }
        reply.sequel = .objects(number: change.number, inForce: inForce)
        return reply
    }
}
