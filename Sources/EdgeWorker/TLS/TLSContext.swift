import NIOCore
import NIOSSL

/// What TLS on one listener needs, made of its certificates and its key. Immutable; connections that were made with it keep it.
struct TLSContext {
    let context: NIOSSLContext
    /// The server's own.
    let certificate: NIOSSLCertificate

    /// What is negotiated, the first that the client knows too.
    static let protocols = ["h2", "http/1.1"]
    /// Bytes of memory for encrypted output that a connection keeps.
    private static let keptOutput = 16 << 10

    /// Reads both files to their end.
    init(certificate: Int32, key: Int32) throws(TLSFailure) {
        let chain = try TLSContext.chain(try TLSFile.certificate.read(certificate))
        guard let own = chain.first else { throw .noCertificate }
        self.certificate = own
        let privateKey = try TLSContext.privateKey(key)
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(privateKey))
        configuration.minimumTLSVersion = .tlsv12
        configuration.cipherSuites = "ECDHE+AESGCM:ECDHE+CHACHA20"
        configuration.applicationProtocols = TLSContext.protocols
        // Nobody's certificate is looked at: no file of the system's is needed either.
        configuration.certificateVerification = .none
        configuration.trustRoots = .certificates([])
        // A client that has gone does not answer a proper end; it is waited for this long.
        configuration.shutdownTimeout = .seconds(1)
        do {
            self.context = try NIOSSLContext(configuration: configuration)
        } catch {
            // Both could be read; what is left is that they do not fit, as a rule.
            var alone = configuration
            alone.privateKey = nil
            guard (try? NIOSSLContext(configuration: alone)) != nil else {
                throw .unusable(String("\(error)".prefix(200)))
            }
            throw .keyIsForAnother
        }
    }

    private static func chain(_ bytes: [UInt8]) throws(TLSFailure) -> [NIOSSLCertificate] {
        do {
            return try NIOSSLCertificate.fromPEMBytes(bytes)
        } catch {
            throw .noCertificate
        }
    }

    private static func privateKey(_ descriptor: Int32) throws(TLSFailure) -> NIOSSLPrivateKey {
        var bytes = try TLSFile.key.read(descriptor)
        defer { TLSFile.wipe(&bytes) }
        do {
            return try NIOSSLPrivateKey(bytes: bytes, format: .pem)
        } catch {
            throw .badKey
        }
    }

    /// Why a client has to refuse the certificate at this time, in seconds since 1970; nil where it is valid.
    func fault(at now: Int64) -> TLSFailure? {
        if now >= Int64(self.certificate.notValidAfter) { return .expired }
        return now < Int64(self.certificate.notValidBefore) ? .notYetValid : nil
    }

    /// What encrypts one connection.
    func makeHandler() -> NIOSSLServerHandler {
        var configuration = NIOSSLHandler.Configuration()
        configuration.maximumPreservedOutboundBufferCapacity = TLSContext.keptOutput
        return NIOSSLServerHandler(context: self.context, configuration: configuration)
    }
}
