// Closes the sandbox of a role around itself and tries what it is told to: `sandbox-driver ROLE STATE READABLE PROBE…`.
// A role with `+server` has its database on a server. Prints what the kernel lacks, then one line a probe: its errno, 0 when it
// could be done. The probe `postgres:URL` asks a server something.
import Database
import Domain
import Glibc
import Platform
import WorkerRuntime

#if SLUICE_TEST_HOOKS
let words = Array(CommandLine.arguments.dropFirst())
let name = (words.first ?? "").split(separator: "+").map(String.init)
guard words.count >= 3,
    let role = [Role.edge, .upstream, .aggregator, .control].first(where: { $0.label == name.first })
else {
    print("usage: sandbox-driver ROLE STATE READABLE PROBE…")
    exit(2)
}
try ProcessHardening.harden(traceable: false)
let missing = RoleSandbox.of(role, state: words[1], readable: [words[2]], hasServer: name.count == 2).enter()
print("missing \(missing.labels.joined(separator: ","))")
for probe in words.dropFirst(3) {
    guard probe.hasPrefix("postgres:") else {
        print("\(probe) \(SandboxProbe.run(probe))")
        continue
    }
    do {
        let address = try PostgresAddress(url: Array(probe.utf8.dropFirst("postgres:".utf8.count)))
        _ = try PostgresConnection(PostgresOptions(address: address, schema: "public")).integer("SELECT 1")
        print("postgres 0")
    } catch {
        print("postgres \(EPERM)")
    }
}
#else
print("this build has no hooks for tests")
#endif
