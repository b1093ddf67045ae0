"""Makes txtai's index over the documents and vectors of ours; runs in the Python that has txtai.

    python -m bench.txtai_index VECTORS.npy TEXTS.jsonl MODEL FOLDER

The vectors are those of our index, so that nothing is encoded twice and both search the same ones,
exactly (``IDMap,Flat``); questions are encoded by txtai's own code out of MODEL, with mean pooling
and the same prompts. Nothing of interlingua is imported here.
"""

import json
import sys
from pathlib import Path

import numpy as np


def main() -> None:
    """Write FOLDER/index and FOLDER/app.yml."""
    from txtai import Embeddings

    vectors = np.load(sys.argv[1], allow_pickle=False)
    lines = Path(sys.argv[2]).read_text(encoding="utf-8").splitlines()
    model, folder = sys.argv[3], Path(sys.argv[4])
    rows = {text: row for row, text in enumerate(json.loads(line)["text"] for line in lines)}

    def transform(texts: list[str]) -> np.ndarray:
        found: np.ndarray = vectors[[rows[text] for text in texts]]
        return found

    exact = {"components": "IDMap,Flat"}
    made = Embeddings(method="external", transform=transform, content=True, faiss=exact)
    made.index((d["id"], d["text"], None) for d in map(json.loads, lines))
    made.save(str(folder / "index"))
    config = folder / "index" / "config.json"
    kept = json.loads(config.read_text())
    del kept["transform"]
    prompts = {"query": "query: ", "data": "passage: "}
    kept |= {"method": "meanpooling", "path": model, "instructions": prompts}
    config.write_text(json.dumps(kept))
    settings = f"path: {folder / 'index'}\nwritable: false\nembeddings: {{}}\n"
    (folder / "app.yml").write_text(settings)


if __name__ == "__main__":
    main()
