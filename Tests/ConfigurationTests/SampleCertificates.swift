/// Certificates and keys for tests, all of P-256 and worth nothing.
enum SampleCertificates {
    /// Signed by itself; good until 2120.
    static let certificate = Array(
        """
        -----BEGIN CERTIFICATE-----
        MIIBFDCBvAIBATAKBggqhkjOPQQDAjAWMRQwEgYDVQQDDAtzbHVpY2UudGVzdDAg
        Fw0yMDAxMDEwMDAwMDBaGA8yMTIwMDEwMTAwMDAwMFowFjEUMBIGA1UEAwwLc2x1
        aWNlLnRlc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAQ17ceXgJRVNZEAFizg
        U6yxiUmGZ+8J3ZWja31qt2JYwJXnDx5ZjwHi+Y5FHVIvg/nydLaiLUJTJ6PbCESY
        hkM5MAoGCCqGSM49BAMCA0cAMEQCIG9472rptSduRyISgrXZYkPLqyYI2Bks/dru
        /vpFg6sjAiBpftqeKMs0+dzXwBPA3zaL6xhB1zcsbDxsaYMoGZMwpQ==
        -----END CERTIFICATE-----

        """.utf8)

    /// Of the same key; good for a day of 2020.
    static let expired = Array(
        """
        -----BEGIN CERTIFICATE-----
        MIIBEjCBugIBAjAKBggqhkjOPQQDAjAWMRQwEgYDVQQDDAtzbHVpY2UudGVzdDAe
        Fw0yMDAxMDEwMDAwMDBaFw0yMDAxMDIwMDAwMDBaMBYxFDASBgNVBAMMC3NsdWlj
        ZS50ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAENe3Hl4CUVTWRABYs4FOs
        sYlJhmfvCd2Vo2t9ardiWMCV5w8eWY8B4vmORR1SL4P58nS2oi1CUyej2whEmIZD
        OTAKBggqhkjOPQQDAgNHADBEAiAcROrsG3UxWPUmKxBmdojNF5OzWb98UYc3e5LP
        BESJFAIgCDwv9v09wbZZ+lpY/nOi+BUJWx/udCw86AvGPm8MdMk=
        -----END CERTIFICATE-----

        """.utf8)

    /// That of both certificates.
    static let key = Array(
        """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg/L+Bza4VnwnneCsV
        ylMOYPk+SQP3dOc7+a/CqHp/XNKhRANCAAQ17ceXgJRVNZEAFizgU6yxiUmGZ+8J
        3ZWja31qt2JYwJXnDx5ZjwHi+Y5FHVIvg/nydLaiLUJTJ6PbCESYhkM5
        -----END PRIVATE KEY-----

        """.utf8)

    /// Of no certificate.
    static let otherKey = Array(
        """
        -----BEGIN EC PRIVATE KEY-----
        MHcCAQEEIGnSGadgzVPoDPDmu4REZAI3EHYF+xfN+lmT3wMJEc6ioAoGCCqGSM49
        AwEHoUQDQgAEqczcokfS5OQkwmK2xPvMMDKmgzTLm6wkXBShbcGteDoVneKoV3op
        Q8eWNq/AboI1ca3GCNACTELbgt8gU3vBsg==
        -----END EC PRIVATE KEY-----

        """.utf8)

    /// `otherKey` behind a passphrase.
    static let encryptedKey = Array(
        """
        -----BEGIN EC PRIVATE KEY-----
        Proc-Type: 4,ENCRYPTED
        DEK-Info: AES-128-CBC,91C52EE203110F701AB422F04DF59F0D

        mF9gb2PSiObjMAMLPckx2lIs58I47O9xzJG4vTU7D4TfDfN63dzuKlqWvYwarpUc
        irD405bT7yFkkfkP8lbjNw2Y3ZndYgK1WAbIsylGwTV2LheiQAqcNV4VUepNNboo
        bSZMdGfCu+V+LSnQJZAw3+zFEaDyxsL5e9BXzX+Ugh0=
        -----END EC PRIVATE KEY-----

        """.utf8)
}
