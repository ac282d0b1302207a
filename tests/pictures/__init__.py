"""README's pictures: the command of each, and the file that it writes."""

from pathlib import Path

FOLDER = Path(__file__).parent
COMMANDS = {
    "curves.svg": "profile --contract barrier --strike 100 --barrier 90 --barrier-type down-out --vol 0.2 "
    "--greeks delta,gamma,vega --over spot=80:140:31 --paths 32768",
    "surface.svg": "profile --strike 100 --greeks gamma,vanna --over spot=70:140:15 --over vol=0.1:0.4:7 --paths 32768",
    "errors.svg": "converge --strike 100 --vol 0.2 --greeks delta,gamma --study paths",
    "bias.svg": "converge --strike 100 --vol 0.2 --greeks gamma,vanna --study widths",
}
