"""Show the results of the benchmark: tables in the terminal, and a page."""

from typing import Any, Dict, List, Optional, Tuple

from wasabi import msg

from measuring.page import template
from measuring.plots import plot_answers, plot_minutes
from measuring.scores import STAGES, percent, percent_range

SYSTEMS = (*STAGES, "supervised", "annotated")


def render(results: Dict[str, Any]) -> str:
    """RETURNS (str): The results as a page, self-contained HTML."""
    plots = {name: plot_answers(result) for name, result in results["datasets"].items()}
    systems = {name: system_scores(result) for name, result in results["datasets"].items()}
    page = template("benchmark.html")
    return page.render(results=results, plots=plots, stages=STAGES, systems=systems)


def render_minutes(results: Dict[str, Any]) -> str:
    """RETURNS (str): What minutes are worth as a page, self-contained HTML."""
    plots = {name: plot_minutes(result) for name, result in results["datasets"].items()}
    return template("minutes.html").render(results=results, plots=plots, stages=STAGES)


def print_results(results: Dict[str, Any]) -> None:
    """Print the results as tables of at most 80 columns."""
    header = ("Data", "System", "P", "R", "F1", "95% interval", "Of sup.", "Train s", "Words/s")
    rows: List[Tuple[str, ...]] = [
        (
            dataset,
            name,
            *(percent(scores[key]) for key in ("ents_p", "ents_r", "ents_f")),
            percent_range(scores["ents_f_ci"]),
            ratio(scores["of_supervised"]),
            f"{scores['train_seconds']:,.0f}",
            f"{scores['words_per_second']:,.0f}",
        )
        for dataset, result in results["datasets"].items()
        for name, scores in system_scores(result).items()
    ]
    msg.divider("Without an answer")
    msg.table(rows, header=header, divider=True, aligns=["l", "l"] + ["r"] * 7, spacing=2)
    print("supervised: the same training on people's annotations alone")
    print("annotated: the pipeline, if it learns from these annotations, too")
    curve = [
        (
            dataset,
            str(row["answers"]),
            str(row["accepted"]),
            *(percent(row[stage]["ents_f"]) for stage in STAGES),
            percent_range(row["pipeline"]["ents_f_ci"]),
            ratio(row["pipeline"]["of_supervised"]),
        )
        for dataset, result in results["datasets"].items()
        for row in result["curve"]
    ]
    titles = ("Data", "Answers", "Accepted", *STAGES, "95% interval", "Of sup.")
    msg.divider("F1 by number of answers; the last two columns are of the pipeline")
    msg.table(curve, header=titles, divider=True, aligns=["l"] + ["r"] * 7, spacing=2)


def system_scores(result: Dict[str, Any]) -> Dict[str, Dict[str, Any]]:
    """RETURNS (Dict[str, dict]): The scores without an answer, by system."""
    scores = {**result["curve"][0], **result}
    return {name: scores[name] for name in SYSTEMS if scores[name]}


def ratio(value: Optional[float]) -> str:
    """RETURNS (str): A ratio with two decimals, "-" for None."""
    return "-" if value is None else f"{value:.2f}"
