"""Keeps transformers' progress bars and advice off stderr: what matters is our own error."""


def quiet_transformers() -> None:
    """Errors only, no progress bars; called before a model is loaded."""
    from transformers.utils import logging

    logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
