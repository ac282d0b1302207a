"""One page of HTML that needs nothing but itself."""

from collections.abc import Mapping, Sequence
from html import escape

from greeks_cli import __version__

_STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #222; background: #fff }
body { margin: 2rem auto; max-width: 80rem; padding: 0 1rem }
h1 { font-size: 1.3rem } svg { width: 100%; height: auto }
.numbers { overflow-x: auto } table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums }
th, td { padding: .15rem .7rem; text-align: right; border-bottom: 1px solid #e4e4e4; white-space: nowrap }
thead th { position: sticky; top: 0; background: #fff } footer { color: #767676; font-size: .8rem; margin-top: 1rem }
"""


def page(title: str, svg: str, rows: Sequence[Mapping[str, object]]) -> str:
    """A picture and, folded away below it, the numbers that it is made of."""
    head = "".join(f"<th scope=col>{escape(name)}</th>" for name in rows[0])
    body = "\n".join(f"<tr>{''.join(f'<td>{escape(_shown(cell))}</td>' for cell in row.values())}</tr>" for row in rows)
    return f"""<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{escape(title)}</title>
<style>{_STYLE}</style></head>
<body>
<h1>{escape(title)}</h1>
<figure role="img" aria-label="{escape(title)}">
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


def _shown(cell: object) -> str:
    if cell is None:
        return ""
    return f"{cell:.6g}" if isinstance(cell, float) else str(cell)
