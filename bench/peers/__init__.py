"""The programs that `bench/index.py` measures, one file each."""

from collections.abc import Callable, Mapping

from bench.peers.faiss import Faiss
from bench.peers.hnswlib import Hnswlib
from bench.peers.interlingua import Interlingua
from bench.peers.peer import Opened, Peer
from bench.peers.txtai import Txtai
from bench.peers.usearch import Usearch

__all__ = ["PEERS", "Opened", "Peer", "peer_of"]

PEERS: Mapping[str, Callable[[str], Peer]] = {
    "interlingua": Interlingua,
    "faiss": Faiss,
    "hnswlib": Hnswlib,
    "usearch": Usearch,
    "txtai": Txtai,
}
"""What comes after a colon in a name is given to it: ``faiss:Flat``, ``interlingua:hnsw``."""


def peer_of(name: str) -> Peer:
    """Make the peer of a name."""
    program, _, variant = name.partition(":")
    return PEERS[program](variant)
