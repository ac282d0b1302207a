"""Draw README's pictures anew: ``python -m tests.pictures``."""

import subprocess
import sys

from tests.pictures import COMMANDS, FOLDER

for name, command in COMMANDS.items():
    subprocess.run([sys.executable, "-m", "greeks_cli", *command.split(), "-o", str(FOLDER / name)], check=True)
    print(FOLDER / name)
