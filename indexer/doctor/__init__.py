"""What could keep an index from working, looked for without changing anything."""

from indexer.doctor.examine import examine
from indexer.doctor.finding import Finding, Severity, exit_code

__all__ = ["Finding", "Severity", "examine", "exit_code"]
