"""Links that open a report without a header: a frame or a new tab cannot send the token."""

import hashlib
import hmac
import re
import secrets
import time

REPORT = re.compile(r"/v1/(audits/[1-9][0-9]{0,17}|audit-jobs/[0-9a-f]{32}/audit)")
SECONDS = 120
"""A link is good for opening, not for keeping."""


class Links:
    """Makes links and knows its own; the secret lives as long as the process."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)

    def make(self, path: str) -> str:
        """Make the query that opens a report."""
        until = int(time.time()) + SECONDS
        return f"format=html&until={until}&pass={self._sign(path, until)}"

    def opens(self, path: str, query: str) -> bool:
        """Whether a query was made for this path, and not too long ago."""
        found = re.fullmatch(r"format=html&until=([0-9]{1,12})&pass=([0-9a-f]{64})", query)
        if found is None or not REPORT.fullmatch(path):
            return False
        until = int(found[1])
        same = hmac.compare_digest(found[2], self._sign(path, until))
        return same and time.time() <= until

    def _sign(self, path: str, until: int) -> str:
        return hmac.new(self._secret, f"{until} {path}".encode(), hashlib.sha256).hexdigest()
