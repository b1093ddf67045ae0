"""The tables of `bench/index.py`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bench.index_data import DIM
from bench.markdown import table

Result = Mapping[str, Any]


def print_tables(results: Sequence[Result], n: int, wanted: float) -> None:
    """Print what making an index costs, and what searching it does."""
    size = 4 * DIM * n
    columns = ("seconds", "of which", "MB on disk", "peak MB", "beyond start / vectors")
    rows = []
    for result in results:
        if "/" in result["system"]:
            continue  # the same index as the line above
        built = result["build"]
        steps = ", ".join(f"{name} {took:.1f}" for name, took in built["steps"].items())
        extra = (built["peak"] - built["before"]) / size
        rows.append(
            (
                result["system"],
                f"{built['seconds']:.1f}",
                steps,
                f"{built['bytes'] / 1e6:,.0f}",
                f"{built['peak'] / 1e6:,.0f}",
                f"{extra:.2f}",
            )
        )
    print("Importing and building, from two files to an index on disk:\n")
    table(("system", *columns), rows)
    print(f"Searching for ten, with the least parameter that reaches recall {wanted}:\n")
    answering = ("parameter", "recall", "p50", "p95", "answers/s", "peak MB", "first, cold", "warm")
    table(("system", *answering), [_searched(result) for result in results])


def _searched(result: Result) -> tuple[str, ...]:
    found, first = result["search"], result["first"]
    return (
        result["system"],
        "–" if found["knob"] is None else str(found["knob"]),
        f"{found['recall']:.3f}",
        f"{1000 * found['p50']:.2f} ms",
        f"{1000 * found['p95']:.2f} ms",
        f"{found['rate']:,.0f}",
        f"{found['peak'] / 1e6:,.0f}",
        f"{first['cold']:.2f} s",
        f"{first['warm']:.2f} s",
    )


def print_curve(found: Mapping[str, Sequence[Result]]) -> None:
    """Print how cost grows with the number of documents, a row a system."""
    corpora = [name for name in found if name.startswith("clustered")]
    names = dict.fromkeys(_kind(r["system"]) for name in corpora for r in found[name])
    systems = [name for name in names if "/" not in name]
    for what, show in _CURVES.items():
        print(f"{what}:\n")
        rows = []
        for system in systems:
            by_size = {
                name: r for name in corpora for r in found[name] if _kind(r["system"]) == system
            }
            rows.append((system, *(show(by_size[c]) if c in by_size else "–" for c in corpora)))
        table(("system", *(f"{int(c.rpartition('-')[2]):,}" for c in corpora)), rows)


_CURVES: Mapping[str, Callable[[Result], str]] = {
    "Seconds to import and build": lambda r: f"{r['build']['seconds']:.1f}",
    "Answers a second in batches": lambda r: f"{r['search']['rate']:,.0f}",
    "p50 of one query, ms": lambda r: f"{1000 * r['search']['p50']:.2f}",
    "Peak MB while searching": lambda r: f"{r['search']['peak'] / 1e6:,.0f}",
}


def _kind(system: str) -> str:
    """Name a system without what depends on the size."""
    return "faiss:IVF,Flat" if system.startswith("faiss:IVF") else system
