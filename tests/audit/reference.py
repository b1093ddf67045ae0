"""The measures once more, in plain loops over plain lists: slow, and easy to believe."""

# ruff: noqa: D102 - a method is named after its measure

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations
from math import comb
from zlib import crc32


@dataclass(frozen=True)
class Doc:
    """A document, or a query that is none of them when it stands in no corpus."""

    id: str
    lang: str
    group: str | None
    text: str
    vector: tuple[int, ...]


def score(a: Doc, b: Doc) -> int:
    """Dot product; whole numbers, so that it is exact and ties are ties."""
    return sum(x * y for x, y in zip(a.vector, b.vector, strict=True))


class Asked:
    """One query and the corpus as it sees it."""

    def __init__(self, query: Doc, corpus: Sequence[Doc], right: set[str] | None = None) -> None:
        self.query = query
        self.reach = [d for d in corpus if d.id != query.id and d.text != query.text]
        if right is None:
            right = {d.id for d in corpus if query.group is not None and d.group == query.group}
        self.right = [d for d in self.reach if d.id in right]
        self.strangers = [d for d in self.reach if d not in self.right and d.lang != "und"]
        self.strangers.sort(key=lambda d: (-score(query, d), crc32(d.id.encode())))

    def _draw(self, k: int, strangers: list[Doc]) -> tuple[int, int, int, int]:
        near = strangers[:k]
        own = self.query.lang
        return (
            sum(d.lang == own for d in near),
            len(near),
            sum(d.lang == own for d in strangers),
            len(strangers),
        )

    def same_language(self, k: int) -> Fraction | None:
        hits, drawn, same, total = self._draw(k, self.strangers)
        if drawn == 0 or same in {0, total} or drawn == total:
            return None
        return Fraction(hits, drawn)

    def same_language_chance(self, k: int) -> Fraction | None:
        _, _, same, total = self._draw(k, self.strangers)
        return None if self.same_language(k) is None else Fraction(same, total)

    def excess(self, k: int, strangers: list[Doc] | None = None) -> Fraction | None:
        hits, drawn, same, total = self._draw(k, self.strangers if strangers is None else strangers)
        if drawn == 0 or same in {0, total} or drawn == total:
            return None
        chance, most = Fraction(same, total), Fraction(min(drawn, same), drawn)
        return (Fraction(hits, drawn) - chance) / (most - chance)

    def lift(self, k: int) -> Fraction | None:
        share, chance = self.same_language(k), self.same_language_chance(k)
        return None if share is None or chance is None else share / chance

    def p_value(self, k: int) -> Fraction:
        return self._tail(self._draw(k, self.strangers)[0], k)

    def _tail(self, hits: int, k: int) -> Fraction:
        _, drawn, same, total = self._draw(k, self.strangers)
        return sum((self._mass(h, drawn, same, total) for h in range(hits, drawn + 1)), Fraction(0))

    def _mass(self, h: int, drawn: int, same: int, total: int) -> Fraction:
        if h > same or drawn - h > total - same:
            return Fraction(0)
        return Fraction(comb(same, h) * comb(total - same, drawn - h), comb(total, drawn))

    def expected_p(self, k: int) -> Fraction | None:
        if self.same_language(k) is None:
            return None
        _, drawn, same, total = self._draw(k, self.strangers)
        return sum(
            (self._mass(h, drawn, same, total) * self._tail(h, k) for h in range(drawn + 1)),
            Fraction(0),
        )

    def significant(self, k: int) -> int | None:
        return None if self.same_language(k) is None else int(self.p_value(k) <= 0.05)

    def significant_chance(self, k: int) -> Fraction | None:
        if self.same_language(k) is None:
            return None
        _, drawn, same, total = self._draw(k, self.strangers)
        return sum(
            (
                self._mass(h, drawn, same, total)
                for h in range(drawn + 1)
                if self._tail(h, k) <= 0.05
            ),
            Fraction(0),
        )

    def _translations(self) -> list[Doc]:
        return [d for d in self.right if d.lang not in {"und", self.query.lang}]

    def _own(self) -> list[Doc]:
        return [d for d in self.strangers if d.lang == self.query.lang]

    def strong_auc(self) -> Fraction | None:
        translations, own = self._translations(), self._own()
        if not translations or not own:
            return None
        points = Fraction(0)
        for t in translations:
            for d in own:
                near, far = score(self.query, t), score(self.query, d)
                points += 1 if near > far else Fraction(1, 2) if near == far else 0
        return points / (len(translations) * len(own))

    def strong_strict(self) -> Fraction | None:
        translations, own = self._translations(), self._own()
        if not translations or not own:
            return None
        best = max(score(self.query, d) for d in own)
        return Fraction(sum(score(self.query, t) > best for t in translations), len(translations))

    def weak_recall(self) -> Fraction | None:
        found = []
        for lang in {d.lang for d in self._translations()}:
            right = [score(self.query, d) for d in self.right if d.lang == lang]
            wrong = [score(self.query, d) for d in self.strangers if d.lang == lang]
            found.append(int(not wrong or max(right) > max(wrong)))
        return Fraction(sum(found), len(found)) if found else None

    def weak_recall_chance(self) -> Fraction | None:
        found = []
        for lang in {d.lang for d in self._translations()}:
            right = sum(d.lang == lang for d in self.right)
            found.append(Fraction(right, right + sum(d.lang == lang for d in self.strangers)))
        return sum(found, Fraction(0)) / len(found) if found else None

    def gap(self) -> Fraction | None:
        weak, strong = self.weak_recall(), self.strong_strict()
        return None if weak is None or strong is None else weak - strong

    def rank(self, document: Doc) -> int:
        """Documents at least as near."""
        least = score(self.query, document)
        return sum(score(self.query, d) >= least for d in self.reach)

    def average_precision(self, gone: str | None = None) -> Fraction | None:
        """Average precision, without the right documents of one language if any is named."""
        right = [d for d in self.right if d.lang != gone]
        reach = [d for d in self.reach if d not in self.right or d.lang != gone]
        if not right:
            return None
        total = Fraction(0)
        for r in right:
            least = score(self.query, r)
            total += Fraction(
                sum(score(self.query, d) >= least for d in right),
                sum(score(self.query, d) >= least for d in reach),
            )
        return total / len(right)

    def average_precision_chance(self) -> Fraction | None:
        """Average over every order there is; for small corpora."""
        n, r = len(self.reach), len(self.right)
        if not r:
            return None
        orders = list(permutations(range(n), r))
        total = Fraction(0)
        for places in orders:
            ranks = sorted(p + 1 for p in places)
            total += sum((Fraction(i, rank) for i, rank in enumerate(ranks, 1)), Fraction(0)) / r
        return total / len(orders)

    def rank_distance(self) -> Fraction | None:
        ranks = [self.rank(d) for d in self.right]
        if len(ranks) < 2:
            return None
        r, n = len(ranks), len(self.reach)
        return Fraction(max(ranks) - min(ranks)) / (Fraction(r - 1, r + 1) * (n + 1))

    def recall(self, k: int, own: bool) -> Fraction | None:
        own_right = [d for d in self.right if d.lang == self.query.lang]
        chosen = own_right if own else self._translations()
        if not chosen:
            return None
        return Fraction(sum(self.rank(d) <= k for d in chosen), len(chosen))

    def own_language_first(self) -> Fraction | None:
        own = [d for d in self.right if d.lang == self.query.lang]
        if not own or len(own) == len(self.right):
            return None
        first = min(self.rank(d) for d in self.right)
        top = [d for d in self.right if self.rank(d) == first]
        return Fraction(sum(d.lang == self.query.lang for d in top), len(top))

    def matched_excess(self, k: int, corpus: Sequence[Doc]) -> Fraction | None:
        languages = {d.lang for d in corpus} - {"und"}
        whole = {
            d.group
            for d in corpus
            if d.group is not None
            and {x.lang for x in corpus if x.group == d.group} - {"und"} == languages
        }
        return self.excess(k, [d for d in self.strangers if d.group in whole])
