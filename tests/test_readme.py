"""README's commands run, and print what README says."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def fences(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)


COMMANDS = [
    line
    for block in fences("sh")
    for line in re.sub(r"\\\n +", "", block).splitlines()
    if re.match(r"(GREEKS_\w+=\S+ )?greeks ", line)
]
PYTHON = re.findall(r"^```python\n(.*?)^```\n\n```text\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)
SHOWN = [block.removeprefix("$ ").split("\n", 1) for block in fences("console")]


def shell(command, folder):
    shutil.copytree(ROOT / "configs", folder / "configs")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_readme_command_runs(command, tmp_path):
    done = shell(command, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(("command", "output"), SHOWN)
def test_readme_command_prints_the_shown_output(command, output, tmp_path):
    printed = shell(command, tmp_path).stdout
    assert [line.rstrip() for line in printed.splitlines()] == output.splitlines()


@pytest.mark.parametrize(("code", "output"), PYTHON)
def test_readme_python_prints_the_shown_output(code, output, tmp_path):
    (tmp_path / "example.py").write_text(code)
    done = shell("python example.py", tmp_path)
    assert done.stderr == ""
    assert [line.rstrip() for line in done.stdout.splitlines()] == [line.rstrip() for line in output.splitlines()]


def test_readme_has_commands_to_test():
    assert len(COMMANDS) > 5
    assert SHOWN
    assert len(PYTHON) == len(fences("python")) > 0


def test_the_first_two_lines_are_complete_commands():
    install = "    python -m pip install -q uv && uv run "
    assert [line for line in README.splitlines() if line.startswith("    ")][:2] == [
        install + "greeks price --strike 100 --vol 0.1",
        install + "pytest",
    ]


def test_the_distribution_has_the_name_that_readme_tells():
    with (ROOT / "pyproject.toml").open("rb") as file:
        project = tomllib.load(file)["project"]
    assert project["name"] == "greeks-cli"
    assert project["scripts"].keys() == {"greeks"}
    assert "named `greeks-cli`, the command `greeks`, the Python package `greeks_cli`" in README
