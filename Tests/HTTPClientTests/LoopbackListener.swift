import Glibc
import Platform

/// A listening TCP socket on a free port of 127.0.0.1.
struct LoopbackListener: ~Copyable {
    let descriptor: OwnedDescriptor
    let port: Int

    init(backlog: Int32) throws {
        self.descriptor = OwnedDescriptor(
            adopting: socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_NONBLOCK.rawValue), 0))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let number = self.descriptor.number
        let bound = unsafe withUnsafeMutablePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(number, $0, size) == 0 && listen(number, backlog) == 0
                    && getsockname(number, $0, &size) == 0
            }
        }
        guard bound else { throw SystemError.last("bind") }
        self.port = Int(UInt16(bigEndian: address.sin_port))
    }
}
