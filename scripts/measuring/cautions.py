"""What makes a poor model, and what the scores can't say."""

from typing import Any, Dict, List, Sequence

from measuring.scores import exact_bound, percent
from shared.likeness import unlike_gold

# convert warns below the same number
FEW_EXAMPLES = 300
# Entities in the test texts
FEW_ENTITIES = 100
# If fewer entities tell two systems apart it may be chance: the sign test gives p = 0.03 for 6 to 0,
# and 0.06 for 5 to 0
MIN_DIFFERENT = 6
# F1 on dev; less would not be worth the time of twice as many steps
MIN_RISE = 0.01


def cautions(
    metrics: Dict[str, Any], stats: Dict[str, Any], curve: Sequence[Dict[str, Any]] = ()
) -> List[str]:
    """Say what makes a poor model or scores that mislead, most important first.

    metrics (dict): What evaluate wrote.
    stats (dict): What convert counted.
    curve (Sequence[dict]): The learning curve.
    RETURNS (List[str]): A sentence each.
    """
    gold = metrics["test"]["entities"]
    number, examples = sum(gold.values()), n_examples(stats)
    result = []
    if examples < FEW_EXAMPLES:
        result.append(
            f"Only {examples:,} texts to train on have an entity, some {FEW_EXAMPLES} are wanted."
        )
    if metrics["measures"] == "accuracy" and 0 < number < FEW_ENTITIES:
        least = min(MIN_DIFFERENT / number, 1)
        result.append(
            f"{number:,} entities in test: differences in recall below {100 * least:.0f} points can't be seen."
        )
    steps = cut_short(curve)
    if steps:
        result.append(
            f"Training ended while the score on dev still rose: it was best at the last step, {steps:,}. "
            f"Try --vars.max_steps {2 * steps}."
        )
    if shares := unlike_gold(stats):
        result.append(
            f"Rules match in {shares[0]:.0%} of the gold texts, but in {shares[1]:.0%} of the raw ones: the "
            "scores are about other texts than the model learns from."
        )
    known = {rule["label"] for rule in stats["rules"]} | set(stats["annotated"]["entities"])
    found = {name for name, s in (metrics["pipeline"]["ents_per_type"] or {}).items() if s["r"]}
    for name in sorted(set(gold) - found):
        if name not in known:
            result.append(f"No rule has the label {name}: nothing could learn to find it.")
        elif found:  # else the verdict says it
            bound = percent(exact_bound(gold[name]))
            result.append(f"{name}: 0 of {gold[name]:,} found rightly, recall is below {bound}%.")
    if gold:
        result += [
            f"No {name} is marked in the test texts: how well it is recognized can't be said."
            for name in sorted(known - set(gold))
        ]
    return result


def cut_short(curve: Sequence[Dict[str, Any]]) -> int:
    """Tell whether the score on dev still rose when training ended.

    A last score that is the best may be chance: the shipped project's is, and 600 more steps add
    nothing. So the last two together must be above all others, too, by MIN_RISE.

    curve (Sequence[dict]): The learning curve.
    RETURNS (int): The last step if more may help, else 0.
    """
    scores = [row["f"] for row in curve]
    if len(scores) < 2 or scores[-1] <= max(scores[:-1]):
        return 0
    still_rises = sum(scores[-2:]) / 2 >= max(scores[:-2], default=0) + MIN_RISE
    return curve[-1]["step"] if still_rises else 0


def n_examples(stats: Dict[str, Any]) -> int:
    """RETURNS (int): How many texts to train on have an entity."""
    return stats["train"]["texts"] - stats["train"]["without_entities"]
