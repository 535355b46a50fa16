"""Draws the stack's dashboard from its body, with made-up data, as infra/docs/pictures/dashboard.svg.

`AWS_DEFAULT_REGION=eu-central-1 python infra/aws/tests/dashboard.py` writes the picture anew.
"""

import json
import math
import re
from dataclasses import dataclass
from html import escape

from emulator import ROOT
from processed import ALL, processed

PICTURE = ROOT / "infra/docs/pictures/dashboard.svg"
PARAMETERS = ALL | {"FanOut": "topic", "CloudflareAccountId": "0123456789abcdef0123456789abcdef"}
# Values of the dimensions that a search finds.
FOUND = {
    "provider": ["digicert", "cloudflare"],
    "outcome": ["downloaded", "failed"],
    "reason": ["unauthorized", "malformed"],
    "state": ["opened", "closed"],
}
COLUMN, ROW, GAP = 50, 32, 6  # of the grid of 24 columns, in pixels
TITLE, LEGEND = 13, 11  # sizes of text
COLOURS = ["#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f"]
SEARCH = re.compile(r"SEARCH\('\{(?P<schema>[^}]*)} MetricName=\"(?P<name>\w+)\"', '(?P<stat>\w+)', (?P<period>\d+)\)")


@dataclass(frozen=True)
class Line:
    namespace: str
    name: str
    dimensions: tuple
    label: str


def body(**parameters: str) -> dict:
    return json.loads(processed(**parameters)["Resources"]["Dashboard"]["Properties"]["DashboardBody"])


def lines(widget: dict) -> list[Line]:
    """What a metric widget shows: abbreviations written out (`.`, `...`), and a line for all that a search can find."""
    shown, before = [], []
    for metric in widget["properties"]["metrics"]:
        *names, options = metric if isinstance(metric[-1], dict) else [*metric, {}]
        label = options.get("label", "")
        if not names:
            search = SEARCH.fullmatch(options["expression"])
            namespace, *dimensions = search["schema"].replace('"', "").split(",")
            for values in combinations(dimensions):
                shown.append(Line(namespace, search["name"], tuple(dimensions), " ".join([label, *values]).strip()))
            continue
        if names[0] == "...":
            names = before[: len(before) - len(names) + 1] + names[1:]
        names = [old if name == "." else name for name, old in zip(names, before or names, strict=False)]
        before = names
        namespace, name, *dimensions = names
        shown.append(Line(namespace, name, tuple(dimensions[::2]), label or name))
    return shown


def combinations(dimensions: list) -> list[tuple]:
    if not dimensions:
        return [()]
    return [(value, *rest) for value in FOUND[dimensions[0]] for rest in combinations(dimensions[1:])]


def width(text: str, size: int) -> float:
    """About as wide as a sans-serif face is, if it is bold."""
    return 0.62 * size * len(text)


def text(x: float, y: float, size: int, content: str, more: str = "") -> str:
    return f'<text x="{x:g}" y="{y:g}" font-size="{size}"{more}>{escape(content)}</text>'


def legend(shown: list[Line], room: float) -> list[tuple]:
    """Row, place and entry of each line below the graph."""
    placed, row, x = [], 0, 0.0
    for line in shown:
        needed = 14 + width(line.label, LEGEND) + 8
        if x and x + needed > room:
            row, x = row + 1, 0.0
        placed.append((row, x, line))
        x += needed
    return placed


def graph(widget: dict, x: float, y: float, wide: float, high: float) -> list[str]:
    shown = lines(widget)
    entries = legend(shown, wide - 20)
    below = 18 + 14 * (1 + max(row for row, _, _ in entries))
    top, bottom = y + 30, y + high - below
    drawn = [f'<line x1="{x + 10:g}" x2="{x + wide - 10:g}" y1="{level:g}" y2="{level:g}" class="grid"/>' for level in (top, (top + bottom) / 2, bottom)]
    for number, (row, left, line) in enumerate(entries):
        colour = COLOURS[number % len(COLOURS)]
        curve = [0.5 + 0.4 * math.sin(step / 6 + 1.3 * number) * math.cos(step / 11 + number) for step in range(49)]
        points = " ".join(f"{x + 10 + (wide - 20) * step / 48:.0f},{bottom - (bottom - top) * value:.0f}" for step, value in enumerate(curve))
        drawn.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.5"/>')
        baseline = bottom + 20 + 14 * row
        drawn.append(f'<rect x="{x + 10 + left:g}" y="{baseline - 8:g}" width="9" height="9" fill="{colour}"/>')
        drawn.append(text(x + 22 + left, baseline, LEGEND, line.label))
    return drawn


def alarms(widget: dict, x: float, y: float, wide: float) -> list[str]:
    """Their names in columns, by logical id."""
    names = [re.search(r"\{(\w+)\.Arn}", arn)[1].removesuffix("Alarm") for arn in widget["properties"]["alarms"]]
    columns = 3
    rows = math.ceil(len(names) / columns)
    drawn = []
    for number, name in enumerate(names):
        left, baseline = x + 10 + (number // rows) * (wide - 20) / columns, y + 42 + 14 * (number % rows)
        drawn.append(f'<rect x="{left:g}" y="{baseline - 8:g}" width="9" height="9" fill="#2ca02c"/>')
        drawn.append(text(left + 13, baseline, LEGEND, name))
    return drawn


def draw(widgets: list) -> str:
    drawn = []
    for widget in widgets:
        x, y = widget["x"] * COLUMN + GAP / 2, widget["y"] * ROW + GAP / 2
        wide, high = widget["width"] * COLUMN - GAP, widget["height"] * ROW - GAP
        if widget["type"] == "text":
            drawn.append(text(x + 4, y + 20, 17, widget["properties"]["markdown"].removeprefix("## "), ' font-weight="700"'))
            continue
        drawn.append(f'<rect x="{x:g}" y="{y:g}" width="{wide:g}" height="{high:g}" rx="4" class="frame"/>')
        drawn.append(text(x + 10, y + 20, TITLE, widget["properties"]["title"], ' font-weight="600"'))
        drawn += alarms(widget, x, y, wide) if widget["type"] == "alarm" else graph(widget, x, y, wide, high)
    height = max(widget["y"] + widget["height"] for widget in widgets) * ROW
    style = "text { fill: #1f2933; } .frame { fill: #ffffff; stroke: #c5ced6; } .grid { stroke: #e4e9ee; } .paper { fill: #f3f6f9; }"
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {24 * COLUMN} {height}" role="img" aria-labelledby="title" font-family="system-ui, \'Segoe UI\', Roboto, Arial, sans-serif">'
    return "\n".join([head, '<title id="title">The dashboard of the stack, with made-up data</title>', f"<style>{style}</style>", '<rect width="100%" height="100%" class="paper"/>', *drawn, "</svg>", ""])


if __name__ == "__main__":
    PICTURE.write_text(draw(body(**PARAMETERS)["widgets"]))
