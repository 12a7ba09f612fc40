import Domain
import IPC
import EventLog
import Platform

/// What the supervisor tells the log.
enum SupervisorNote: Hashable {
    case spawned(Seat, instance: UInt32)
    case spawnFailed(Seat, reason: String, retryIn: UInt64)
    case ready(Seat, instance: UInt32, afterMilliseconds: UInt64)
    /// It ended unasked.
    case ended(Seat, instance: UInt32, ChildProcess.Status, restartIn: UInt64)
    case endedAsAsked(Seat, instance: UInt32, ChildProcess.Status)
    case malformed(Seat, instance: UInt32, String)
    case unresponsive(Seat, instance: UInt32)
    case neverReady(Seat, instance: UInt32)
    case doesNotEnd(Seat, instance: UInt32)
    /// A link between two living processes had ended; they get a new one.
    case linkMended(Seat, UInt32, Seat, UInt32)
    case degraded(Bool)
    /// A request that has killed workers is refused for a while; an operator has ended that.
    case quarantined(UInt64, milliseconds: UInt64)
    case released(UInt64)
    case stopping(SupervisorMachine.Stop, timeout: UInt64)
    case stopped
    case upgrading(generation: UInt32)
    /// The new generation serves, the old one finishes what it has.
    case tookOver(generation: UInt32)
    case upgraded(generation: UInt32)
    case upgradeFailed(String)
    case supervisorNotReplaced(String)
    case reloading(UInt64)
    case reloaded(UInt64, milliseconds: UInt64)
    /// The configuration before stays in force; why, one line a problem.
    case reloadFailed(String)
    /// A seat is given up.
    case retiring(Seat, instance: UInt32)
    case resized(edges: Int)
    case orderRefused(OrderKind, String)
    case logsReopened
    case hardeningMissing(Hardening)

    /// Writes the event.
    func write(to log: Log) {
        switch self {
        case .spawned(let seat, let instance):
            log.debug("child started", Self.fields(seat, instance))
        case .spawnFailed(let seat, let reason, let delay):
            log.error(
                "child cannot be started",
                Self.fields(seat, nil, ["reason": .string(reason), "restart_in_ms": .int(delay)]))
        case .ready(let seat, let instance, let after):
            log.info("child ready", Self.fields(seat, instance, ["after_ms": .int(after)]))
        case .ended(let seat, let instance, let status, let delay):
            log.warning(
                "child ended, restarting",
                Self.fields(seat, instance, [Self.key(status): Self.value(status), "restart_in_ms": .int(delay)]))
        case .endedAsAsked(let seat, let instance, let status):
            log.info("child ended", Self.fields(seat, instance, [Self.key(status): Self.value(status)]))
        case .malformed(let seat, let instance, let reason):
            log.error("child broke the protocol, killing it", Self.fields(seat, instance, ["reason": .string(reason)]))
        case .unresponsive(let seat, let instance):
            log.error("child does not answer, aborting it", Self.fields(seat, instance))
        case .neverReady(let seat, let instance):
            log.error("child did not become ready, killing it", Self.fields(seat, instance))
        case .doesNotEnd(let seat, let instance):
            log.warning("child does not end, killing it", Self.fields(seat, instance))
        case .linkMended(let one, let oneInstance, let other, let otherInstance):
            log.warning(
                "link between living processes had ended, renewing it",
                Self.fields(
                    one, oneInstance,
                    ["peer": .string(other.role.label), "peer_instance": .int(otherInstance)]))
        case .degraded(true):
            log.error(
                "tree is degraded", ["crashes": .int(CrashWindow.limit), "within_s": .int(CrashWindow.span / 1000)])
        case .degraded(false):
            log.info("tree is no longer degraded")
        case .quarantined(let fingerprint, let milliseconds):
            log.error(
                "request quarantined: it was in flight when workers died",
                ["fingerprint": .string(FingerprintText.text(fingerprint)), "for_ms": .int(milliseconds)])
        case .released(let fingerprint):
            log.info("request released from quarantine", ["fingerprint": .string(FingerprintText.text(fingerprint))])
        case .stopping(let how, let timeout):
            log.info("stopping", ["how": .string(how.rawValue), "drain_timeout_ms": .int(timeout)])
        case .stopped:
            log.info("stopped")
        case .upgrading(let generation): log.info("upgrade begins", ["generation": .int(generation)])
        case .tookOver(let generation):
            log.info("the new programs serve, the old ones finish their requests", ["generation": .int(generation)])
        case .upgraded(let generation): log.info("upgrade done", ["generation": .int(generation)])
        case .upgradeFailed(let reason):
            log.error("upgrade failed, everything is as before", ["reason": .string(reason)])
        case .supervisorNotReplaced(let reason):
            log.error("the supervisor goes on with its old program", ["reason": .string(reason)])
        case .reloading(let version):
            log.info("reading the configuration again", ["version": .int(version)])
        case .reloaded(let version, let milliseconds):
            log.info("configuration in force", ["version": .int(version), "after_ms": .int(milliseconds)])
        case .reloadFailed(let reason):
            log.error(
                "reload failed, nothing has changed",
                ["reasons": .list(reason.split(separator: "\n").map(String.init))])
        case .retiring(let seat, let instance):
            log.info("child is not needed any more, draining it", Self.fields(seat, instance))
        case .resized(let edges):
            log.info("number of edges changed", ["edges": .int(edges)])
        case .orderRefused(let kind, let reason):
            log.warning("order refused", ["order": .string(kind.label), "reason": .string(reason)])
        case .logsReopened:
            log.info("logs reopened")
        case .hardeningMissing(let missing):
            log.warning(
                "hardening is not complete",
                ["missing": .list(missing.labels), "why": .list(Self.reasons(for: missing))])
        }
    }

    /// What such a lack comes from; docs/security.md says what to do.
    private static func reasons(for missing: Hardening) -> [String] {
        let reasons: [(Hardening, String)] = [
            (.ownUser, "own_user: not started as root, or no users are configured and present"),
            (.noNewPrivileges, "no_new_privileges: the kernel refused"),
            (.notDumpable, "not_dumpable: a build for tests"),
            (.landlock, "landlock: the kernel has none, or a build that looks into itself"),
            (.seccomp, "seccomp: not allowed here, or a build that looks into itself"),
        ]
        return reasons.filter { missing.contains($0.0) }.map(\.1)
    }

    private static func fields(_ seat: Seat, _ instance: UInt32?, _ more: LogFields = [:]) -> LogFields {
        var fields: LogFields = ["child": .string(seat.role.label)]
        if seat.generation > 1 { fields.append("generation", .int(seat.generation)) }
        if let instance { fields.append("child_instance", .int(instance)) }
        fields.append(more)
        return fields
    }

    private static func key(_ status: ChildProcess.Status) -> String {
        switch status {
        case .code: "exit"
        case .signal: "signal"
        }
    }

    private static func value(_ status: ChildProcess.Status) -> LogValue {
        switch status {
        case .code(let code): .int(code)
        case .signal(let signal): .int(signal)
        }
    }
}
