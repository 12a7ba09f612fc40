// The root of the process tree: starts, links, watches and stops every other program of the gateway.
// One thread, no secrets, no client bytes; `sluice serve` replaces itself with this program.
import Supervisor

SupervisorProgram.run()
