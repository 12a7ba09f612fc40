import Configuration
import Domain
import Testing

@Suite struct ListenTLSTests {
    private static let files = [
        "c.pem": SampleCertificates.certificate, "k.pem": SampleCertificates.key,
        "both.pem": SampleCertificates.key + SampleCertificates.certificate,
        "chain.pem": SampleCertificates.certificate + SampleCertificates.expired,
        "broken.pem": SampleCertificates.certificate + Array("-----BEGIN CERTIFICATE-----\nAAAA\n".utf8),
        "old.pem": SampleCertificates.expired, "other.pem": SampleCertificates.otherKey,
        "locked.pem": SampleCertificates.encryptedKey, "empty.pem": [], "text.pem": Array("hello".utf8),
    ]

    private func document(_ certificate: String, _ key: String) -> Document {
        Document(
            text: """
                listen:
                  - address: 127.0.0.1:8443
                    tls:
                      certificate: \(certificate)
                      key: \(key)
                """, files: Self.files)
    }

    @Test(arguments: [("c.pem", "k.pem"), ("both.pem", "both.pem"), ("chain.pem", "k.pem"), ("old.pem", "k.pem")])
    func filesThatBelongTogether(certificate: String, key: String) throws {
        let result = self.document(certificate, key).result
        #expect(result.problems == [])
        let listener = try #require(result.configuration?.listen.first)
        #expect(listener.tls == ListenerSettings.TLSFiles(certificate: certificate, key: key))
        let notice = "f:4:20: listen[0].tls.certificate: the certificate has expired"
        #expect(result.notices.contains(notice) == (certificate == "old.pem"))
    }

    @Test(arguments: [
        ("absent.pem", "k.pem", "4:20: listen[0].tls.certificate: expected a readable PEM file (No such file"),
        ("c.pem", "absent.pem", "5:12: listen[0].tls.key: expected a readable PEM file (No such file"),
        ("text.pem", "k.pem", "4:20: listen[0].tls.certificate: expected a PEM file of certificates"),
        ("empty.pem", "k.pem", "4:20: listen[0].tls.certificate: expected a PEM file of certificates"),
        ("broken.pem", "k.pem", "4:20: listen[0].tls.certificate: expected a PEM file of certificates"),
        ("k.pem", "k.pem", "4:20: listen[0].tls.certificate: expected a PEM file of certificates"),
        ("c.pem", "c.pem", "5:12: listen[0].tls.key: expected a PEM file of a private key"),
        ("c.pem", "locked.pem", "5:12: listen[0].tls.key: expected a PEM file of a private key without a passphrase"),
        (
            "c.pem", "other.pem",
            #"5:12: listen[0].tls.key: expected the private key of the first certificate in "c.pem""#
        ),
    ])
    func filesThatAreWrong(certificate: String, key: String, expected: String) {
        let problems = self.document(certificate, key).problems
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix(expected) == true, "\(problems)")
    }

    @Test func bothFilesMayBeWrong() {
        #expect(self.document("absent.pem", "text.pem").problems.count == 2)
    }

    @Test(arguments: [
        ("tls: {}", "expected the path of a PEM file under certificate"),
        ("tls: {certificate: c.pem}", "expected the path of a PEM file under key"),
        ("tls: {key: k.pem}", "expected the path of a PEM file under certificate"),
        ("tls: c.pem", "expected a mapping of keys to values"),
        ("tls: {certificate: c.pem, key: k.pem, min: 1.3}", "unknown key"),
    ])
    func theKeysOfTLS(text: String, expected: String) {
        let document = Document(text: "listen: [{address: \"127.0.0.1:1\", \(text)}]", files: Self.files)
        #expect(document.problems.first?.contains(expected) == true, "\(document.problems)")
    }

    @Test(arguments: ["tls: null", "tls: false"]) func plainHTTP(text: String) throws {
        let result = Document(text: "listen: [{address: \"127.0.0.1:1\", \(text)}]").result
        #expect(try #require(result.configuration).listen.first?.tls == nil)
    }

    @Test func aFileThatOnlyTheSupervisorMayReadIsLeftToIt() throws {
        let result = ConfigurationLoader.load(
            text: self.document("c.pem", "k.pem").text, file: "f", environment: [:]
        ) { (path, _) throws(BoundedFile.Failure) in
            guard path != "k.pem" else { throw .forbidden }
            return SampleCertificates.certificate
        }
        #expect(result.problems == [])
    }

    @Test func moreListenersThanGoIntoAPacket() {
        let entries = (1...65).map { "{address: \"127.0.0.1:\($0)\"}" }.joined(separator: ", ")
        let problems = Document(text: "listen: [\(entries)]").problems
        #expect(problems.count == 1)
        #expect(problems.first?.contains("listen[64]: expected at most 64 addresses") == true, "\(problems)")
    }

    @Test func readBackItIsTheSame() throws {
        let configuration = try #require(self.document("c.pem", "k.pem").result.configuration)
        for rendered in [EffectiveConfiguration(configuration).yaml, EffectiveConfiguration(configuration).json] {
            #expect(Document(text: rendered, files: Self.files).result.configuration == configuration)
        }
    }
}
