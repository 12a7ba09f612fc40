// Reads the configuration, makes the snapshots of every role, and answers the administration of the gateway.
import ControlPlane

ControlProgram.run()
