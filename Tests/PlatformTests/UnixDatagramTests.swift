import Glibc
import Platform
import Testing

@Suite struct UnixDatagramTests {
    @Test func nobodyThereIsAnError() throws {
        let folder = try TemporaryFolder()
        #expect(throws: SystemError.self) { try UnixDatagram.send([1], to: "\(folder.path)/none") }
        #expect(throws: SystemError.self) { try UnixDatagram.send([1], to: "@sluice-test-nobody") }
        #expect(throws: SystemError.self) { try UnixDatagram.send([1], to: "") }
        #expect(throws: SystemError.self) { try UnixDatagram.send([1], to: String(repeating: "a", count: 200)) }
    }

    @Test(arguments: [false, true])
    func datagramsArrive(isAbstract: Bool) throws {
        let folder = try TemporaryFolder()
        let path = isAbstract ? "@\(folder.path)" : "\(folder.path)/n"
        let receiver = OwnedDescriptor(adopting: socket(AF_UNIX, Int32(SOCK_DGRAM.rawValue), 0))
        var name = sockaddr_un()
        name.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &name.sun_path) { unsafe $0.copyBytes(from: path.utf8) }
        if isAbstract { name.sun_path.0 = 0 }
        let length = socklen_t(MemoryLayout<sa_family_t>.size + path.utf8.count)
        let bound = unsafe withUnsafePointer(to: &name) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe bind(receiver.number, $0, length)
            }
        }
        #expect(bound == 0)
        try UnixDatagram.send(Array("READY=1".utf8), to: path)
        var bytes = [UInt8](repeating: 0, count: 100)
        let count = unsafe recv(receiver.number, &bytes, bytes.count, Int32(MSG_DONTWAIT))
        #expect(String(decoding: bytes.prefix(max(0, count)), as: UTF8.self) == "READY=1")
    }
}
