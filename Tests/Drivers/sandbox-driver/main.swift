// Closes the sandbox of a role around itself and tries what it is told to: `sandbox-driver ROLE STATE READABLE PROBE…`.
// Prints what the kernel lacks, then one line a probe: its errno, 0 when it could be done.
import Domain
import Glibc
import Platform
import WorkerRuntime

#if SLUICE_TEST_HOOKS
let words = Array(CommandLine.arguments.dropFirst())
guard words.count >= 3, let role = [Role.edge, .upstream, .aggregator, .control].first(where: { $0.label == words[0] })
else {
    print("usage: sandbox-driver ROLE STATE READABLE PROBE…")
    exit(2)
}
try ProcessHardening.harden(traceable: false)
let missing = RoleSandbox.of(role, state: words[1], readable: [words[2]]).enter()
print("missing \(missing.labels.joined(separator: ","))")
for probe in words.dropFirst(3) { print("\(probe) \(SandboxProbe.run(probe))") }
#else
print("this build has no hooks for tests")
#endif
