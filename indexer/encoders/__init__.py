"""Encoders turn texts into unit vectors; one protocol, one file an implementation."""

from indexer.encoders.protocol import Encoder, EncoderSpec, RemoteOptions, open_encoder

__all__ = ["Encoder", "EncoderSpec", "RemoteOptions", "open_encoder"]
