import Glibc

/// What tests lay beside the programs of a folder, so that a copy of the folder behaves as another build does. Programs without
/// test hooks never look.
public enum ProgramHook {
    /// The first line of the file `name` in the folder of this program; nil where there is none.
    public static func text(_ name: String) -> String? {
        #if SLUICE_TEST_HOOKS
        var buffer = [UInt8](repeating: 0, count: 4096)
        let length = unsafe buffer.withUnsafeMutableBytes {
            unsafe $0.bindMemory(to: CChar.self).baseAddress.map { unsafe readlink("/proc/self/exe", $0, 4096) } ?? -1
        }
        guard length > 0, length < buffer.count, let slash = buffer[0..<length].lastIndex(of: UInt8(ascii: "/")) else {
            return nil
        }
        let path = String(decoding: buffer[...slash], as: UTF8.self) + name
        let file = OwnedDescriptor(adopting: unsafe open(path, O_RDONLY | O_CLOEXEC))
        guard file.number >= 0 else { return nil }
        var bytes = [UInt8](repeating: 0, count: 256)
        let count = unsafe read(file.number, &bytes, bytes.count)
        let line = bytes.prefix(max(0, count)).prefix { $0 != UInt8(ascii: "\n") }
        return line.isEmpty ? nil : String(decoding: line, as: UTF8.self)
        #else
        return nil
        #endif
    }
}
