"""HTML page of one figure and the figure's numbers, without external files."""

from collections.abc import Mapping, Sequence
from html import escape

from greeks_cli import __version__

_STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #222; --soft: #767676; --line: #e4e4e4 }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper) }
body { margin: 2rem auto; max-width: 80rem; padding: 0 1rem }
h1 { font-size: 1.3rem } figure { margin: 0; overflow-x: auto } svg { width: 100%; height: auto }
.numbers { overflow-x: auto } table { border-spacing: 0; font-size: .85rem; font-variant-numeric: tabular-nums }
th, td { padding: .15rem .7rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap }
thead th { position: sticky; top: 0; background: var(--paper) }
footer { color: var(--soft); font-size: .8rem; margin-top: 1rem }
@media (max-width: 50rem) { svg { width: auto } }
@media screen and (prefers-color-scheme: dark) {
  :root { --paper: #141414; --ink: #e4e7eb; --soft: #9aa4af; --line: #30363d }
  svg { filter: invert(.92) hue-rotate(180deg) }
}
"""
"""On a telephone the figure scrolls at the original size: scaled down, the text is too small to read."""


def figure_page(heading: str, described: str, svg: str, rows: Sequence[Mapping[str, object]]) -> str:
    """Page with the figure and, folded away below it, the rows of numbers."""
    head = "".join(f"<th scope=col>{escape(name)}</th>" for name in rows[0])
    body = "\n".join(f"<tr>{''.join(f'<td>{escape(_cell(cell))}</td>' for cell in row.values())}</tr>" for row in rows)
    title = escape(f"{heading}: {described}")
    return f"""<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>
<style>{_STYLE}</style></head>
<body>
<h1>{escape(heading)}</h1>
<figure role="img" aria-label="{title}" tabindex="0">
{svg}</figure>
<details><summary>{len(rows):,} numbers</summary>
<div class="numbers"><table><thead><tr>{head}</tr></thead>
<tbody>
{body}
</tbody></table></div></details>
<footer>greeks {escape(__version__)}</footer>
</body>
</html>
"""


def _cell(cell: object) -> str:
    if cell is None:
        return ""
    return f"{cell:.6g}" if isinstance(cell, float) else str(cell)
