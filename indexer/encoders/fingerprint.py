"""The fingerprint of an encoder: one hash over everything that shapes its vectors."""

import hashlib
import json
from collections.abc import Mapping


def fingerprint(parts: Mapping[str, str]) -> str:
    """SHA-256 of the parts as canonical JSON (sorted keys, no spaces, UTF-8).

    Args:
        parts: name to value: weights, tokenizer, config, pooling, layer, prompts, max_tokens,
            normalisation and weight quantisation.

    Returns:
        64 hexadecimal digits.
    """
    canonical = json.dumps(dict(parts), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
