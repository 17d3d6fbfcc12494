"""Whether two samples of texts may be of the same kind."""

from typing import Any, Dict, Optional, Tuple

# With fewer texts in either nothing is said
MIN_TEXTS = 50
# Points; beyond what chance does to it as well (three standard errors)
MAX_SHARE_GAP = 0.15


def shares_differ(n_first: int, of_first: int, n_second: int, of_second: int) -> bool:
    """Tell whether something is so in a larger share of one sample than of another, by far.

    n_first (int): In how many texts of the first sample it is so.
    of_first (int): How many texts that has, more than none.
    n_second (int): The same of the second sample.
    of_second (int): The same of the second sample.
    RETURNS (bool): Whether the shares are more than MAX_SHARE_GAP apart, and more than three
        standard errors of the difference (pooled, as in the two-proportion z-test).
    """
    pooled = (n_first + n_second) / (of_first + of_second)
    error = (pooled * (1 - pooled) * (1 / of_first + 1 / of_second)) ** 0.5
    return abs(n_first / of_first - n_second / of_second) > max(MAX_SHARE_GAP, 3 * error)


def unlike_gold(stats: Dict[str, Any]) -> Optional[Tuple[float, float]]:
    """Tell whether the rules match in many more texts of gold than of the raw ones, or in fewer.

    stats (dict): What convert counted.
    RETURNS (Optional[Tuple[float, float]]): The shares of gold and of raw texts with a match, None if
        they may be the same, or there are too few texts to tell.
    """
    gold, raw = stats["gold"], stats["raw"]
    sizes = gold["texts"], raw["texts"]
    if min(sizes) < MIN_TEXTS:
        return None
    if not shares_differ(gold["with_match"], sizes[0], raw["with_match"], sizes[1]):
        return None
    return gold["with_match"] / sizes[0], raw["with_match"] / sizes[1]
