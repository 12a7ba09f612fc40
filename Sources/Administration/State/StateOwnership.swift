public import Domain
public import EventLog
import Glibc
import Platform

/// Who owns what in the state folder where the gateway is started as root and its processes run as other users.
///
/// Each role writes in folders of its own; the group of a folder is that of the role that reads there, and files made in it get
/// that group. A folder where one user is enough for all roles belongs to it and is closed to everybody else.
///
/// | folder | owner | group | mode |
/// |---|---|---|---|
/// | the state folder | control | control's | 0711 |
/// | run, control | control | control's | 0700 |
/// | identity | control | the edges' | 2750 |
/// | limits | aggregator | the edges' | 2750 |
/// | providers | aggregator | the upstreams' | 2750 |
/// | usage | aggregator | the aggregator's | 2750 |
/// | journal | aggregator | the upstreams' | 3770: edges and upstreams make files there, and remove none but their own |
public enum StateOwnership {
    private struct Owner: Equatable {
        var user: UInt32
        var group: UInt32
    }

    /// O_PATH and AT_EMPTY_PATH, which Swift's Glibc module does not show. The same on every architecture of Linux that Swift has.
    private static let pathOnly: Int32 = 0o10_000_000
    private static let emptyPath: Int32 = 0x1000

    /// Makes the folder and what belongs into it, and gives all of it to `users`: a user for each of the four workers. To be called as
    /// root. Does nothing while another gateway runs there.
    public static func prepare(_ path: String, for users: [RoleUser]) throws(StartFailure) {
        guard let owners = Self.owners(users) else { return }
        let isShared = Set(owners.values.map(\.user)).count > 1
        guard unsafe mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw StateDirectory.failure("cannot create the state directory \(path)", ControlExitCode.cannotCreate)
        }
        let state = OwnedDescriptor(adopting: unsafe open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC))
        guard state.number >= 0 else {
            throw StateDirectory.failure("cannot open the state directory \(path)", ControlExitCode.cannotCreate)
        }
        try Self.refuseForeign(state.number, path)
        guard !Self.isInUse(state.number) else { return }
        for name in StateLayout.folders {
            guard unsafe mkdirat(state.number, name, 0o700) == 0 || errno == EEXIST else {
                throw StateDirectory.failure("cannot create \(path)/\(name)", ControlExitCode.cannotCreate)
            }
        }
        try StateLayout.moveFormerFiles(in: state.number, path)
        // Inside first: with the folder itself given away, what is in it may change under our hands.
        for name in StateLayout.folders {
            guard let folder = Self.folder(name, owners, isShared: isShared) else { continue }
            let inside = OwnedDescriptor(
                adopting: unsafe openat(state.number, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC))
            guard inside.number >= 0 else {
                throw StateDirectory.failure("cannot open \(path)/\(name)", ControlExitCode.cannotCreate)
            }
            // Journals of former runs too: they are only read and removed.
            // The master key is for control alone, in whatever group it is.
            try Self.giveFiles(
                in: inside.number, "\(path)/\(name)", to: folder.owner,
                isShared: isShared && name != StateLayout.controlFolder)
            try Self.give(inside.number, "\(path)/\(name)", to: folder.owner, mode: folder.mode)
        }
        guard let control = owners[.control] else { return }
        try Self.giveFiles(in: state.number, path, to: control, isShared: false)
        try Self.give(state.number, path, to: control, mode: isShared ? StateDirectory.sharedMode : 0o700)
    }

    /// For a command while the gateway is stopped: files it makes are as closed as the gateway's, and root becomes who owns the
    /// folder, so that nothing in it ends up being root's.
    public static func becomeOwner(of path: String) throws(StartFailure) {
        var info = stat()
        let isThere = unsafe stat(path, &info) == 0
        ProcessHardening.closeNewFiles(toGroup: !isThere || info.st_mode & 0o777 != StateDirectory.sharedMode)
        guard ProcessUser.isRoot, isThere, info.st_uid != 0 else { return }
        var groups: [UInt32] = []
        for name in ["identity", "usage"] {
            var inside = stat()
            guard unsafe lstat("\(path)/\(name)", &inside) == 0, inside.st_gid != info.st_gid else { continue }
            if !groups.contains(inside.st_gid) { groups.append(inside.st_gid) }
        }
        do throws(SystemError) {
            try ProcessUser(user: info.st_uid, group: info.st_gid, groups: groups).become()
        } catch {
            throw StartFailure("cannot \(error), who owns \(path)", code: ControlExitCode.notPermitted)
        }
    }

    // MARK: The table

    private static func owners(_ users: [RoleUser]) -> [Role: Owner]? {
        var owners: [Role: Owner] = [:]
        for user in users { owners[user.role] = Owner(user: user.user, group: user.group) }
        return [.control, .aggregator, .upstream, .edge].allSatisfy { owners[$0] != nil } ? owners : nil
    }

    private static func folder(
        _ name: String, _ owners: [Role: Owner], isShared: Bool
    ) -> (owner: Owner, mode: mode_t)? {
        guard let control = owners[.control], let aggregator = owners[.aggregator], let edge = owners[.edge],
            let upstream = owners[.upstream]
        else { return nil }
        guard isShared else { return (control, 0o700) }
        switch name {
        case "identity": return (Owner(user: control.user, group: edge.group), 0o2750)
        case "limits": return (Owner(user: aggregator.user, group: edge.group), 0o2750)
        case "providers": return (Owner(user: aggregator.user, group: upstream.group), 0o2750)
        case "usage": return (aggregator, 0o2750)
        case "journal": return (Owner(user: aggregator.user, group: upstream.group), 0o3770)
        default: return (control, 0o700)
        }
    }

    // MARK: Giving

    /// `path` may have been mistyped: only an empty folder, or one that has been a state folder, is given away.
    private static func refuseForeign(_ state: Int32, _ path: String) throws(StartFailure) {
        var info = stat()
        if unsafe fstatat(state, InstanceFile.name, &info, AT_SYMLINK_NOFOLLOW) == 0 { return }
        let names = try Self.names(in: state, path)
        guard names.allSatisfy({ StateLayout.folders.contains($0) }) else {
            throw StartFailure(
                "the state directory \(path) holds other things already: give the gateway one of its own",
                code: ControlExitCode.notPermitted)
        }
    }

    /// Whether a gateway has the lock on the instance file.
    private static func isInUse(_ state: Int32) -> Bool {
        let file = OwnedDescriptor(
            adopting: unsafe openat(state, InstanceFile.name, O_RDWR | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK))
        guard file.number >= 0 else { return false }
        var request = flock()
        request.l_type = Int16(F_WRLCK)
        request.l_whence = Int16(SEEK_SET)
        request.l_len = 1
        // F_OFD_GETLK, which Swift's Glibc module does not show.
        return unsafe fcntl(file.number, 36, &request) == 0 && request.l_type != Int16(F_UNLCK)
    }

    private static func giveFiles(
        in folder: Int32, _ path: String, to target: Owner, isShared: Bool
    ) throws(StartFailure) {
        for name in try Self.names(in: folder, path) {
            // By a descriptor that follows nothing; a file with a second name somewhere else is not ours to give.
            let file = OwnedDescriptor(adopting: unsafe openat(folder, name, Self.pathOnly | O_NOFOLLOW | O_CLOEXEC))
            var info = stat()
            guard file.number >= 0, unsafe fstat(file.number, &info) == 0, info.st_nlink == 1,
                info.st_mode & S_IFMT == S_IFREG
            else { continue }
            let named = "/proc/self/fd/\(file.number)"
            if Owner(user: info.st_uid, group: info.st_gid) != target {
                guard unsafe fchownat(file.number, "", target.user, target.group, Self.emptyPath) == 0 else {
                    throw StateDirectory.failure("cannot give away \(path)/\(name)", ControlExitCode.notPermitted)
                }
            }
            guard isShared else { continue }
            let mode: mode_t = Self.isWrittenByReaders(name) ? 0o660 : 0o640
            if info.st_mode & 0o777 != mode { _ = unsafe chmod(named, mode) }
        }
    }

    /// What edges or upstreams write as well.
    private static func isWrittenByReaders(_ name: String) -> Bool {
        name == "limits.table" || name == "providers.table" || name.hasSuffix("-lock") || name.hasSuffix("-gate")
    }

    private static func give(_ folder: Int32, _ path: String, to owner: Owner, mode: mode_t) throws(StartFailure) {
        // In this order: a change of owner takes the set-group-id bit away.
        guard fchown(folder, owner.user, owner.group) == 0, fchmod(folder, mode) == 0 else {
            throw StateDirectory.failure("cannot give away \(path)", ControlExitCode.notPermitted)
        }
    }

    private static func names(in folder: Int32, _ path: String) throws(StartFailure) -> [String] {
        let copy = unsafe openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard copy >= 0, let directory = unsafe fdopendir(copy) else {
            throw StateDirectory.failure("cannot list \(path)", ControlExitCode.stateDamaged)
        }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while let entry = unsafe readdir(directory) {
            let name = unsafe withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                unsafe String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names
    }
}
