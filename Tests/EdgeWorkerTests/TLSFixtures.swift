import Platform

/// Files in PEM, made for these tests: elliptic keys, and certificates for `localhost` from 2026 to 2126.
enum TLSFixtures {
    static let certificate = """
        -----BEGIN CERTIFICATE-----
        MIIBmzCCAUGgAwIBAgIUWPiKCP/KFo42d9UpjJjkGh449+YwCgYIKoZIzj0EAwIw
        FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMjA3MDUwMloYDzIxMjYxMDI5
        MDcwNTAyWjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
        PQMBBwNCAATVSDPKb9NvnTOdbWD6D+jN0QJeiZfs0soDMTupyJbQsRvhSctZvdto
        SzJds1jw1eauycZftM3pmFQ+p5oPIdj0o28wbTAdBgNVHQ4EFgQUHosfUZgn6CHm
        U0EJkuObiOJL+CswHwYDVR0jBBgwFoAUHosfUZgn6CHmU0EJkuObiOJL+CswDwYD
        VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
        zj0EAwIDSAAwRQIhANlL+jV5Z1W8CojGCO8sqJyFjqp8OpW4yhllSyV/oN8+AiAW
        rBem76I1WOwYXf2iS+x3/DsSKQjxbZrt0Dg/i61CuA==
        -----END CERTIFICATE-----
        """

    static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgyZ248UJ7ZTx4i7qa
        yaRBDI0Zq4bPZ1X+SilGsYkv8RahRANCAATVSDPKb9NvnTOdbWD6D+jN0QJeiZfs
        0soDMTupyJbQsRvhSctZvdtoSzJds1jw1eauycZftM3pmFQ+p5oPIdj0
        -----END PRIVATE KEY-----
        """

    /// Of another certificate.
    static let otherKey = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgZSx9rByLSBo2qs58
        gOl3EDmdTquT9giKRxgMj3QjgnShRANCAATfS8+r+eJVf/uDKMbk9LS7t082bici
        +1pjPyqwgZda14S9P9G4rU0NNYoxUXVQNCPhBMniV1AYs+7eRpnTXWQP
        -----END PRIVATE KEY-----
        """

    /// The same key, with a passphrase.
    static let lockedKey = """
        -----BEGIN ENCRYPTED PRIVATE KEY-----
        MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjQoE8UpZm8TAICCAAw
        DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEHZ28asgj3ZnPov7opCQ8RMEgZBQ
        vP2UZ7PEeaa5TJWBG9aO+lcofQLa0ERfe1NZcK6BDkA8yLvkalYRCFX7sjYfaB8c
        JTPHQYKBGBS65Hn4BKN5WdYF6nI7gt0sPhjaraszvBXky4zyAjn/tEZAB19biGv8
        6rqO8gC6hJXk9/vincoYmhvu2slncatmsCI4k98/+dPCupj1qcscmHFF4CfTQsg=
        -----END ENCRYPTED PRIVATE KEY-----
        """

    /// A descriptor to read `text` from.
    static func file(_ text: String) throws -> OwnedDescriptor {
        try SealedMemory.make(name: "pem", bytes: Array(text.utf8))
    }
}
