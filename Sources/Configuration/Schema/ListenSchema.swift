import Cryptography
import Domain

/// Reads `listen`.
struct ListenSchema {
    /// Most addresses of a gateway: their descriptors, three with TLS, go to an edge in one packet.
    static let limit = 64
    /// The largest file of certificates, and of a key, in bytes.
    static let fileLimit = 1 << 20

    let problems: ProblemSink
    let readFile: BoundedFile.Reader

    /// The listeners; nil where the key is missing or all of it is wrong.
    func read(_ reader: inout MappingReader) -> [ListenerSettings]? {
        guard let nodes = reader.list("listen", of: "addresses, such as `- address: 127.0.0.1:8080`") else {
            return nil
        }
        guard !nodes.isEmpty else {
            if let entry = reader.entry("listen") {
                self.problems.problem(entry.value, "expected at least one address")
            }
            return nil
        }
        if nodes.count > Self.limit { self.problems.problem(nodes[Self.limit], "expected at most 64 addresses") }
        var listeners: [ListenerSettings] = []
        for node in nodes {
            guard let (listener, place) = self.listener(node) else { continue }
            self.checkIsNew(listener, place, among: listeners)
            listeners.append(listener)
        }
        return listeners
    }

    /// One listener, and where its address stands; nil where something has been reported.
    func listener(_ node: DocumentNode) -> (ListenerSettings, DocumentNode)? {
        var item = MappingReader(node, problems: self.problems)
        let entry = item.entry("address")
        let tls = self.tls(&item)
        item.finish()
        guard let entry else {
            if item.lacks("address") {
                self.problems.problem(node, "expected an address, such as `address: 127.0.0.1:8080`")
            }
            return nil
        }
        return self.address(entry.value).map { (ListenerSettings($0, tls: tls), entry.value) }
    }

    func address(_ node: DocumentNode) -> ListenAddress? {
        self.problems.value(of: node) { scalar throws(ValueError) in try ListenAddressText.parse(scalar.text) }
    }

    func checkIsNew(_ listener: ListenerSettings, _ place: DocumentNode, among others: [ListenerSettings]) {
        guard others.contains(where: { $0.address == listener.address }),
            !ListenAddressText.isChosenByKernel(listener.address)
        else { return }
        self.problems.problem(place, "the address is listed twice")
    }

    /// Both files, checked as far as they can be read; nil for plain HTTP and where something has been reported.
    private func tls(_ item: inout MappingReader) -> ListenerSettings.TLSFiles? {
        guard let entry = item.entry("tls") else { return nil }
        if case .scalar(let scalar) = entry.value.content, scalar.boolean == false { return nil }
        var reader = MappingReader(entry.value, problems: self.problems)
        let certificate = reader.entry("certificate")
        let key = reader.entry("key")
        for name in ["certificate", "key"] where reader.lacks(name) {
            self.problems.problem(entry.value, "expected the path of a PEM file under \(name)")
        }
        reader.finish()
        guard let certificate, let key, let certificatePath = self.path(certificate), let keyPath = self.path(key)
        else { return nil }
        self.check(certificate.value, certificatePath, key.value, keyPath)
        return ListenerSettings.TLSFiles(certificate: certificatePath, key: keyPath)
    }

    private func path(_ entry: DocumentEntry) -> String? {
        self.problems.value(of: entry.value, ScalarParser.text("the path of a PEM file", longest: 4000))
    }

    /// What an edge could not use is a problem now, with the line of its file.
    private func check(_ certificate: DocumentNode, _ certificatePath: String, _ key: DocumentNode, _ keyPath: String) {
        var chain: CertificateChain?
        if let text = self.contents(certificate, certificatePath) {
            chain = CertificateChain(pem: text)
            if chain == nil { self.problems.problem(certificate, "expected a PEM file of certificates") }
            if chain?.hasExpired == true {
                self.problems.notice(at: certificate.position, path: certificate.path, "the certificate has expired")
            }
        }
        guard let text = self.contents(key, keyPath) else { return }
        guard let privateKey = PrivateKey(pem: text) else {
            let isEncrypted = text.firstRange(of: "ENCRYPTED".utf8) != nil
            let wanted = isEncrypted ? "a private key without a passphrase" : "a private key"
            return self.problems.problem(key, "expected a PEM file of \(wanted)")
        }
        if let chain, !chain.belongs(to: privateKey) {
            self.problems.problem(
                key, "expected the private key of the first certificate in \(DocumentScalar.quoted(certificatePath))")
        }
    }

    /// The text of the file; nil where it has been reported, or where only the supervisor, which opens it, may read it.
    private func contents(_ node: DocumentNode, _ path: String) -> [UInt8]? {
        do throws(BoundedFile.Failure) {
            return try self.readFile(path, Self.fileLimit)
        } catch {
            if error != .forbidden { self.problems.problem(node, "expected a readable PEM file (\(error.reason))") }
            return nil
        }
    }
}
