"""A terminal session as an SVG, from what the commands really printed on a terminal."""

import fcntl
import os
import pty
import struct
import subprocess
import termios
from html import escape

from rich.style import Style
from rich.text import Text

COLUMNS = 104
SIZE, LINE, ADVANCE, MARGIN = 14, 20, 8.43, 16  # pixels; ADVANCE is the width of a character
BACKGROUND, FOREGROUND, PROMPT = "#16181d", "#d7dae0", "#8bd5a0"
COLOURS = {"red": "#f07178", "green": "#8bd5a0", "yellow": "#e6c07b", "blue": "#7aa6e8", "magenta": "#c49be6", "cyan": "#76c7d0"}


def on_a_terminal(command: list, environment: dict, folder: str) -> str:
    """What the command prints on a terminal of COLUMNS columns, colours included."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, COLUMNS, 0, 0))
    running = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment, cwd=folder)
    os.close(theirs)
    printed = bytearray()
    try:
        while chunk := os.read(ours, 65536):
            printed += chunk
    except OSError:
        pass  # Linux reports the end of the other side as an error.
    finally:
        os.close(ours)
    assert running.wait() == 0, printed.decode()
    return printed.decode().replace("\r\n", "\n")


def wrapped(text: Text) -> list[Text]:
    """The lines as the terminal shows them."""
    lines = []
    for line in text.split("\n"):
        cuts = range(COLUMNS, len(line), COLUMNS)
        lines.extend(line.divide(cuts) if cuts else [line])
    return lines


def attributes(style: Style) -> str:
    found = ""
    if style.color and style.color.name.removeprefix("bright_") in COLOURS:
        found += f' fill="{COLOURS[style.color.name.removeprefix("bright_")]}"'
    found += ' font-weight="bold"' if style.bold else ""
    return found + (' opacity="0.65"' if style.dim or (style.color and style.color.name == "bright_black") else "")


def spans(line: Text) -> str:
    cuts = sorted({0, len(line), *(edge for span in line.spans for edge in (span.start, span.end))})
    parts = []
    for start, end in zip(cuts, cuts[1:]):
        applied = [span.style for span in line.spans if span.start <= start and end <= span.end]
        style = Style.combine([Style.null(), *(Style.parse(style) if isinstance(style, str) else style for style in applied)])
        parts.append(f"<tspan{attributes(style)}>{escape(line.plain[start:end])}</tspan>")
    return "".join(parts)


def svg(session: list[tuple[str, str]]) -> str:
    """`session`: each command as it was typed, and what it printed."""
    rows = []
    for command, printed in session:
        rows.append(f'<tspan fill="{PROMPT}">$ </tspan><tspan font-weight="bold">{escape(command)}</tspan>')
        rows.extend(spans(line) for line in wrapped(Text.from_ansi(printed.rstrip("\n"))) if printed)
        rows.append("")
    rows.pop()
    width, height = round(COLUMNS * ADVANCE + 2 * MARGIN), len(rows) * LINE + 2 * MARGIN
    lines = "\n".join(f'<text x="{MARGIN}" y="{MARGIN + LINE * at + SIZE}">{row}</text>' for at, row in enumerate(rows) if row)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-size="{SIZE}" fill="{FOREGROUND}" '
        f'font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace" xml:space="preserve">\n'
        f'<rect width="100%" height="100%" rx="8" fill="{BACKGROUND}"/>\n{lines}\n</svg>\n'
    )
