"""The report's plots as inline SVG, drawn by matplotlib."""

import re
from io import StringIO
from typing import Any, Dict, List

from markupsafe import Markup, escape
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from measuring.scores import PAIRS, STAGES, percent, percent_range, points, points_range

# Stand-ins that become the page's CSS variables, so that plots follow light and dark
INK, MUTED, LINE = "#010101", "#020202", "#030303"
COLORS = {"rules": "#040404", "model": "#050505", "pipeline": "#060606"}
VARIABLES = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    LINE: "var(--line)",
    **{color: f"var(--{stage})" for stage, color in COLORS.items()},
}
WIDTH = 5.2  # inches of 72 units; narrow, so that letters stay readable on a phone
STYLE: Any = {
    "svg.fonttype": "none",  # text stays text
    "font.family": "sans-serif",
    "font.size": 11,
    "text.color": INK,
    "axes.edgecolor": LINE,
    "axes.labelcolor": MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "xtick.color": MUTED,
    "ytick.color": INK,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "grid.color": LINE,
    "axes.axisbelow": True,
}


def plot_scores(metrics: Dict[str, Any]) -> Markup:
    """RETURNS (Markup): F1 of each stage with its interval."""
    with rc_context(STYLE):
        figure, axes = _figure(1.75)
        said = []
        for row, stage in enumerate(reversed(STAGES)):
            score, bounds = metrics[stage]["ents_f"], metrics[stage]["ents_f_ci"]
            if score is None or bounds is None:
                continue
            label = percent(score)
            _dot(axes, row, 100 * score, [100 * b for b in bounds], COLORS[stage], label)
            said.append(f"{stage} {percent(score)}, interval {percent_range(bounds)}")
        axes.set_yticks(range(len(STAGES)), list(reversed(STAGES)))
        axes.set_xlim(0, 100)
        return _svg(figure, "scores", "F1 in per cent: " + "; ".join(said[::-1]))


def plot_differences(metrics: Dict[str, Any]) -> Markup:
    """RETURNS (Markup): The difference in F1 of each pair of stages with its interval."""
    with rc_context(STYLE):
        figure, axes = _figure(1.75)
        said = []
        for row, (better, worse) in enumerate(reversed(PAIRS)):
            gain = metrics["differences"][f"{better}-{worse}"]
            score, bounds = gain["ents_f"], gain["ents_f_ci"]
            if score is None or bounds is None:
                continue
            label = points(score)
            _dot(axes, row, 100 * score, [100 * b for b in bounds], COLORS[better], label)
            said.append(f"{better} minus {worse} {points(score)}, {points_range(bounds)}")
        axes.axvline(0, color=MUTED, linewidth=1)
        axes.set_yticks(range(len(PAIRS)), [f"{b} − {w}" for b, w in reversed(PAIRS)])
        reach = max(map(abs, axes.get_xlim())) * 1.15
        axes.set_xlim(-reach, reach)
        return _svg(figure, "differences", "Difference in F1, points: " + "; ".join(said[::-1]))


def plot_recall(metrics: Dict[str, Any]) -> Markup:
    """RETURNS (Markup): Recall by where forms are known from, a bar a stage."""
    names = {"new": "neither", "rule_only": "a rule", "seen": "train"}
    with rc_context(STYLE):
        figure, axes = _figure(3.2)
        said = []
        for group, (kind, name) in enumerate(names.items()):
            for place, stage in enumerate(reversed(STAGES)):
                recall = metrics[stage][kind]
                y = group + (place - 1) * 0.27
                axes.barh(y, 100 * (recall or 0), 0.22, color=COLORS[stage])
                axes.annotate(
                    f"{percent(recall)}  {stage}",
                    (100 * (recall or 0), y),
                    (5, 0),
                    textcoords="offset points",
                    va="center",
                )
                said.append(f"{stage} on forms in {name} {percent(recall)}")
        labels = [f"{name}\n({metrics['test'][kind]:,})" for kind, name in names.items()]
        axes.set_yticks(range(len(labels)), labels)
        axes.set_xlim(0, 128)  # the label of a full bar needs room
        axes.set_xticks(range(0, 101, 25))
        return _svg(figure, "recall", "Recall in per cent: " + "; ".join(said))


def plot_curve(curve: List[Dict[str, Any]]) -> Markup:
    """RETURNS (Markup): Score on dev and loss by training step."""
    with rc_context({**STYLE, "ytick.color": MUTED}):
        figure = Figure(figsize=(WIDTH, 2.9), layout="constrained")
        upper, lower = figure.subplots(2, 1, sharex=True)
        best = max(curve, key=lambda row: row["f"])
        steps = [row["step"] for row in curve]
        _line(upper, steps, [100 * row["f"] for row in curve], COLORS["pipeline"], "F1 on dev, %")
        upper.plot(best["step"], 100 * best["f"], "o", color=INK, markersize=5)
        upper.set_ylim(bottom=0)
        # Before the first step the loss is that of one batch, and no sum since the last row
        _line(lower, steps[1:], [row["loss"] for row in curve[1:]], COLORS["model"], "loss")
        lower.set_ylim(bottom=0)
        lower.set_xlabel("step")
        said = f"the best of {len(curve)} scores is {percent(best['f'])} at step {best['step']:,}"
        return _svg(figure, "curve", f"F1 on dev and loss by training step: {said}")


def plot_answers(result: Dict[str, Any]) -> Markup:
    """RETURNS (Markup): F1 of each stage by number of answers, and that of the reference."""
    curve = result["curve"]
    scores = {stage: [row[stage]["ents_f"] for row in curve] for stage in STAGES}
    return _plot_f("answers", [row["answers"] for row in curve], scores, result)


def plot_minutes(result: Dict[str, Any]) -> Markup:
    """RETURNS (Markup): F1 by a person's minutes for each way to spend them, and that of the
    reference."""
    ways = result["ways"]
    minutes = [row["minutes"] for row in next(iter(ways.values()))]
    scores = {way: [row["ents_f"] for row in rows] for way, rows in ways.items()}
    return _plot_f("minutes", minutes, scores, result)


def _plot_f(
    unit: str, places: List[int], scores: Dict[str, List[float]], result: Dict[str, Any]
) -> Markup:
    """RETURNS (Markup): A curve of F1 for each name, in the colours of the stages, and a line for
    the reference, at places counted in a unit."""
    with rc_context({**STYLE, "ytick.color": MUTED}):
        figure = Figure(figsize=(WIDTH, 3.2), layout="constrained")
        axes = figure.subplots()
        axes.grid(axis="y", linewidth=0.8)
        said = []
        for (name, values), color in zip(scores.items(), COLORS.values()):
            shown = [100 * value for value in values]
            axes.plot(places, shown, "o-", color=color, linewidth=2, markersize=5)
            said.append(f"{name} {', '.join(map(percent, values))}")
        best = result["supervised"]["ents_f"]
        axes.axhline(100 * best, color=INK, linewidth=1.5, linestyle=(0, (4, 3)))
        said.append(f"supervised {percent(best)}")
        axes.set_xticks(places)
        axes.set_xlabel(unit)
        axes.set_ylim(0, 100)
        numbers = ", ".join(map(str, places))
        return _svg(figure, unit, f"F1 in per cent after {numbers} {unit}: {'; '.join(said)}")


def _figure(height: float) -> Any:
    figure = Figure(figsize=(WIDTH, height), layout="constrained")
    axes = figure.subplots()
    axes.grid(axis="x", linewidth=0.8)
    return figure, axes


def _dot(axes: Axes, row: int, value: float, bounds: List[float], color: str, label: str) -> None:
    axes.plot(bounds, (row, row), color=color, linewidth=3, solid_capstyle="round", alpha=0.45)
    axes.plot(value, row, "o", color=color, markersize=8, clip_on=False)
    axes.annotate(
        label, (value, row), (0, 8), textcoords="offset points", ha="center", annotation_clip=False
    )
    axes.set_ylim(-0.4, 2.7)


def _line(axes: Axes, x: List[int], y: List[float], color: str, title: str) -> None:
    axes.plot(x, y, color=color, linewidth=2, marker="o", markersize=3)
    axes.grid(axis="y", linewidth=0.8)
    axes.set_title(title, loc="left", fontsize=11, color=INK)
    axes.locator_params(nbins=4, axis="y")


def _svg(figure: Figure, name: str, description: str) -> Markup:
    """RETURNS (Markup): The figure as an SVG element that reads its description aloud."""
    file = StringIO()
    # A salt of their own gives equal bytes in each run, and ids that differ between plots
    with rc_context({"svg.hashsalt": name}):
        nothing = {key: None for key in ("Date", "Creator", "Format", "Type")}
        figure.savefig(file, format="svg", transparent=True, metadata=nothing)
    svg = file.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r'<g id="[^"]*"', "<g", svg)  # names like axes_1, in every plot
    svg = re.sub(r' (width|height)="[\d.]+pt"', "", svg, count=2)
    for color, variable in VARIABLES.items():
        svg = svg.replace(color, variable)
    return Markup(svg.replace("<svg", f'<svg role="img" aria-label="{escape(description)}"', 1))
