"""Logs as JSON, a line an event, on stderr; no query, text or token is ever in them."""

import json
import logging
import sys
from datetime import UTC, datetime

LOGGER = logging.getLogger("interlingua.service")
LOGGERS = (LOGGER.name, "uvicorn", "uvicorn.error")


class JsonFormatter(logging.Formatter):
    """One JSON object a record; what a call gives as ``extra={"fields": {…}}`` stands beside."""

    def format(self, record: logging.LogRecord) -> str:
        """Write the record on one line."""
        fields: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        fields |= getattr(record, "fields", {})
        if record.exc_info:
            fields["traceback"] = self.formatException(record.exc_info)
        return json.dumps(fields, ensure_ascii=True, default=str)


def log_to_stderr(level: str = "INFO") -> None:
    """Send the service's and the server's logs to stderr as JSON."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter())
    for name in LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.propagate = False
        logger.setLevel(level if logger is LOGGER else "WARNING")
