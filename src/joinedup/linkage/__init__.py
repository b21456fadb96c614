"""Whether two records are of one child: one probabilistic model, and engines that agree.

``model`` declares the comparisons and holds the weights; ``conditions`` compiles each comparison
to SQL (DuckDB, Spark) and to Python; ``score`` weighs a pair online. All read ``LinkRecord``.
"""

from joinedup.linkage.model import Model
from joinedup.linkage.record import LinkRecord
from joinedup.linkage.score import Scorer, Weighed

__all__ = ["LinkRecord", "Model", "Scorer", "Weighed"]
