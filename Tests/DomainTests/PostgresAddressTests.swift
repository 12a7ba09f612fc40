import Domain
import Testing

@Suite struct PostgresAddressTests {
    private func read(_ text: String) throws -> PostgresAddress { try PostgresAddress(url: Array(text.utf8)) }

    private func problem(_ text: String) -> String {
        do {
            _ = try self.read(text)
            return ""
        } catch { return "\(error)" }
    }

    private func password(_ address: PostgresAddress) -> String? {
        address.password?.withBytes { String(decoding: $0, as: UTF8.self) }
    }

    @Test func everyPartIsRead() throws {
        let plain = try self.read("postgres://me@db.example.com/sluice")
        #expect(plain == PostgresAddress(host: "db.example.com", database: "sluice", user: "me"))
        #expect(plain.port == 5432 && plain.tls == .prefer && plain.connectTimeout == 5 && plain.password == nil)
        let full = try self.read(
            "postgresql://a%40b:p%3A%2F%40%25%C3%A4@[2001:db8::1]:6432/my%20db?sslmode=verify-full&sslrootcert=/etc/ca%20s.pem&connect_timeout=9"
        )
        #expect(
            full.user == "a@b" && self.password(full) == "p:/@%ä" && full.host == "2001:db8::1" && full.port == 6432)
        #expect(full.database == "my db" && full.tls == .verifyFull && full.rootCertificate == "/etc/ca s.pem")
        #expect(full.connectTimeout == 9 && full.description == "[2001:db8::1]:6432/my db")
        let socket = try self.read("postgresql://me@/sluice?host=/var/run/postgresql&port=5433")
        #expect(socket.isLocal && socket.host == "/var/run/postgresql" && socket.port == 5433 && !plain.isLocal)
        #expect(self.password(try self.read("postgres://u:a:b@h/d")) == "a:b")
        #expect(try self.read("postgres://u:@h/d").password == nil)
    }

    @Test func theURLIsReadAgain() throws {
        for text in [
            "postgres://me@db.example.com/sluice",
            "postgres://a%40b:p%3A%2F%40%25%C3%A4@[::1]:6432/my%20db?sslmode=require",
            "postgresql://me@/sluice?host=/run/pg",
            "postgres://u:p@h/d?sslmode=verify-ca&sslrootcert=/a%26b&connect_timeout=10",
        ] {
            let address = try self.read(text)
            #expect(try address.url.withBytes { try PostgresAddress(url: $0) } == address)
        }
    }

    @Test(arguments: [
        ("mysql://u@h/d", "does not begin"), ("postgres:/u@h/d", "does not begin"),
        ("POSTGRES://u@h/d", "does not begin"),
        ("", "does not begin"), ("postgres://", "no user"), ("postgres://h/d", "no user"),
        ("postgres://@h/d", "no user"),
        ("postgres://:p@h/d", "no user"), ("postgres://u@h", "no database"), ("postgres://u@h/", "no database"),
        ("postgres://u@h/d/e", "one name"), ("postgres://u@/d", "no host"), ("postgres://u@h,i/d", "several hosts"),
        ("postgres://u@h:0/d", "port"), ("postgres://u@h:65536/d", "port"), ("postgres://u@h:x/d", "port"),
        ("postgres://u@h:/d", "port"), ("postgres://u@h:1:2/d", "port"), ("postgres://u@[::1/d", "]"),
        ("postgres://u@[h]/d", "IPv6"), ("postgres://u@[::1]5/d", "port"), ("postgres://u@h!/d", "host"),
        ("postgres://u:p@w@h/d", "%40"), ("postgres://u:%zz@h/d", "hexadecimal"),
        ("postgres://u:%4@h/d", "hexadecimal"),
        ("postgres://u:%00@h/d", "NUL"), ("postgres://u:a b@h/d", "space"), ("postgres://u:\u{e4}@h/d", "ASCII"),
        ("postgres://%FF@h/d", "UTF-8"), ("postgres://u@h/d#x", "fragment"),
        ("postgres://u@h/d?sslmode=maybe", "sslmode"),
        ("postgres://u@h/d?sslmode=", "no value"), ("postgres://u@h/d?sslmode", "no value"),
        ("postgres://u@h/d?options=-c", "parameter options"), ("postgres://u@h/d?password=x", "parameter password"),
        ("postgres://u@h/d?host=/x", "host twice"), ("postgres://u@h:1/d?port=2", "port twice"),
        ("postgres://u@h/d?port=2&port=2", "comes twice"), ("postgres://u@/d?host=x/y", "socket"),
        ("postgres://u@h/d?sslrootcert=a", "absolute"), ("postgres://u@h/d?sslmode=verify-full", "needs sslrootcert"),
        ("postgres://u@h/d?connect_timeout=0", "connect_timeout"),
        ("postgres://u@h/d?connect_timeout=11", "connect_timeout"),
    ]) func everythingElseIsRefused(_ text: String, _ words: String) {
        #expect(self.problem(text).contains(words), "\(text): \(self.problem(text))")
    }

    @Test func nothingShowsThePassword() throws {
        let address = try self.read("postgres://me:hunter-2-xyz@h/d")
        #expect(
            !"\(address) \(address.url) \(String(reflecting: address)) \(DatabaseAddress.postgres(address))".contains(
                "hunter"))
        for broken in [
            "postgres://me:hunter-2-xyz@h/d?sslmode=x", "postgres://me:hunter-2-xyz@h:x/d", "hunter-2-xyz",
            "postgres://u@h/d?hunter-2-xyz", "postgres://u@h/d?x&hunter-2-xyz=1", "postgres://me:hunter-2-xyz@h%",
        ] { #expect(!self.problem(broken).isEmpty && !self.problem(broken).contains("hunter")) }
        #expect(self.problem(String(repeating: "postgres://u@h/", count: 1000)).contains("longer"))
    }
}
