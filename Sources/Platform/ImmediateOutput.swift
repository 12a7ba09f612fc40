import CLinux
import Glibc

/// Writing to a descriptor that is shared with other processes (a log pipe), without ever waiting for its reader.
public enum ImmediateOutput {
    /// Writes all of `bytes` at once or nothing; false when there is no room or no reader. At most 4096 bytes (PIPE_BUF) are
    /// written whole to a pipe.
    public static func write(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        unsafe bytes.withUnsafeBytes { unsafe self.write($0, to: descriptor) }
    }

    /// The same.
    public static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) -> Bool {
        while true {
            let written = unsafe sluice_write_now(descriptor, bytes.baseAddress, bytes.count)
            if written < 0 && errno == EINTR { continue }
            return written == bytes.count
        }
    }

    /// Waits at most `milliseconds` until there is room.
    public static func waitForRoom(in descriptor: Int32, milliseconds: Int32) {
        _ = sluice_wait_writable(descriptor, milliseconds)
    }
}
