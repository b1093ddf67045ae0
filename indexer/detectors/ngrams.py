"""lingua: n-grams of one to five letters and rules of scripts, 75 languages, slow and large."""

import threading
from typing import Any

from indexer.detectors.packages import readable, require
from indexer.languages import Detection, normalise_language
from indexer.records import UNKNOWN_LANGUAGE


class Lingua:
    """The detector of the package ``lingua-language-detector``, in its accurate mode."""

    THRESHOLD = 0.3
    """Below this confidence a language is ``und``; measured in docs/languages.md."""

    def __init__(self, threshold: float = THRESHOLD) -> None:
        """Make a detector.

        Args:
            threshold: confidence in [0, 1] below which the language is ``und``; the confidences
                of its 75 languages sum to one, so that 0.2 is much.

        Raises:
            UsageError: the package is not installed.
        """
        require("lingua", "lingua")
        self.threshold = threshold
        self._model: Any = None
        self._loading = threading.Lock()

    @property
    def languages(self) -> frozenset[str]:
        """The canonical tags that it can answer."""
        from lingua import Language

        return frozenset(normalise_language(code.iso_code_639_1.name) for code in Language.all())

    def detect(self, text: str) -> Detection:
        """Return the canonical language of ``text``, ``und`` below the threshold."""
        best = self._loaded().compute_language_confidence_values(readable(text))[0]
        # Without a letter it names any language, at confidence 0.
        sure = best.value > 0 and best.value >= self.threshold
        code = best.language.iso_code_639_1.name
        return Detection(normalise_language(code) if sure else UNKNOWN_LANGUAGE, best.value)

    def _loaded(self) -> Any:  # noqa: ANN401 - its types are not checked here
        with self._loading:
            if self._model is None:
                from lingua import LanguageDetectorBuilder

                self._model = LanguageDetectorBuilder.from_all_languages().build()
        return self._model
