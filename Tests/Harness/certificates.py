"""Certificates for gateways with TLS, from an authority of the test's own."""

from __future__ import annotations

import datetime
import os
import pathlib
import ssl

import trustme


class Authority:
    """Issues certificates and trusts them."""

    def __init__(self) -> None:
        self._authority = trustme.CA()

    def write(self, folder: pathlib.Path, *names: str, name: str = "server", valid: bool = True) -> dict[str, str]:
        """Writes a certificate for `names` and its key; the value of `tls` in a listener. Each file is replaced whole."""
        now = datetime.datetime.now(datetime.timezone.utc)
        options = {} if valid else {
            "not_before": now - datetime.timedelta(days=2),
            "not_after": now - datetime.timedelta(days=1),
        }
        issued = self._authority.issue_cert(*(names or ("127.0.0.2", "localhost")), **options)
        paths = {"certificate": folder / f"{name}.pem", "key": folder / f"{name}.key"}
        chain = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
        for part, content in (("certificate", chain), ("key", issued.private_key_pem.bytes())):
            draft = paths[part].with_suffix(".new")
            draft.write_bytes(content)
            draft.chmod(0o600)
            os.replace(draft, paths[part])
        return {part: str(path) for part, path in paths.items()}

    def trust(self, path: pathlib.Path) -> pathlib.Path:
        """Writes the authority's own certificate, for clients that want a file."""
        self._authority.cert_pem.write_to_path(str(path))
        return path

    def serves(self, *names: str) -> ssl.SSLContext:
        """What a server of these names or addresses listens with."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(*names).configure_cert(context)
        return context

    def context(self, *protocols: str) -> ssl.SSLContext:
        """What a client connects with."""
        context = ssl.create_default_context()
        self._authority.configure_trust(context)
        if protocols:
            context.set_alpn_protocols(list(protocols))
        return context
