"""Encoders turn texts into unit vectors; one protocol, one file an implementation."""

from indexer.encoders.protocol import Encoder, EncoderSpec, open_encoder

__all__ = ["Encoder", "EncoderSpec", "open_encoder"]
