"""Files of vectors made elsewhere; one format a file, all read block by block."""

from indexer.vectorfiles.files import VectorFiles, open_vectors
from indexer.vectorfiles.rows import MAX_DIM, Units

__all__ = ["MAX_DIM", "Units", "VectorFiles", "open_vectors"]
