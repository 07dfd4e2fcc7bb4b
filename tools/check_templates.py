"""How many of Label Studio's own templates can be used here: `python tools/check_templates.py --wheel FILE [--rendered FILE] [--write]`.

Reads the templates out of the wheel (none is kept here), puts each through the check that an interface goes through when a project is
made, and prints a table: accepted, or refused and why. `--rendered` takes what a browser found, JSON of template → "yes" or what went
wrong; `--list` prints the accepted configs as JSON for it. `--write` puts the table into docs/templates.md, between its marks.
"""

import argparse
import json
import os
import sys
import zipfile
from pathlib import Path, PurePosixPath

import yaml

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "templates.md"
BEGIN, END = "<!-- table -->", "<!-- end of table -->"
FOLDER = "label_studio/annotation_templates/"
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
os.environ.setdefault("FAIRHAND_DEBUG", "1")  # it serves nobody: no keys are needed


def templates(wheel: Path) -> dict[str, dict[str, str]]:
    """Name (group/template) → its title and config, as the wheel has them."""
    found = {}
    with zipfile.ZipFile(wheel) as archive:
        for name in sorted(archive.namelist()):
            if name.startswith(FOLDER) and name.endswith("/config.yml"):
                said = yaml.safe_load(archive.read(name).decode())
                place = str(PurePosixPath(name).parent.relative_to(FOLDER))
                found[place] = {"title": said["title"], "config": said["config"]}
    return found


def verdicts(found: dict[str, dict[str, str]]) -> dict[str, str]:
    """Name → why it is refused, empty where it is accepted."""
    from tasks.labels import InterfaceInvalid, check_interface

    said = {}
    for name, template in found.items():
        try:
            check_interface(template["config"])
            said[name] = ""
        except InterfaceInvalid as refused:
            said[name] = refused.message
    return said


def table(found: dict[str, dict[str, str]], said: dict[str, str], rendered: dict[str, str]) -> str:
    """The result as Markdown: figures first, then a line per template."""
    accepted = [name for name, why in said.items() if not why]
    seen = [name for name in accepted if rendered.get(name) == "yes"]
    lines = [
        f"{len(found)} templates: {len(accepted)} accepted, {len(found) - len(accepted)} refused with the reason below"
        + (f", {len(seen)} of the accepted rendered without an error in Chromium." if rendered else "."),
        "",
        "| template | accepted | rendered |",
        "|---|---|---|",
    ]
    for name, why in said.items():
        shown = "" if why else rendered.get(name, "")
        escaped = why.replace("|", "\\|").replace("<", "&lt;")
        lines.append(f"| {found[name]['title']} (`{name}`) | {escaped or 'yes'} | {shown} |")
    return "\n".join(lines)


def main() -> None:
    """Print the table, or write it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--wheel", type=Path, required=True)
    parser.add_argument("--rendered", type=Path)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--write", action="store_true")
    asked = parser.parse_args()
    found = templates(asked.wheel)
    said = verdicts(found)
    if asked.list:
        json.dump({name: found[name]["config"] for name, why in said.items() if not why}, sys.stdout, indent=1)
        return
    rendered = json.loads(asked.rendered.read_text()) if asked.rendered else {}
    made = table(found, said, rendered)
    if asked.write:
        before, _, rest = DOCUMENT.read_text().partition(BEGIN)
        _, _, after = rest.partition(END)
        DOCUMENT.write_text(f"{before}{BEGIN}\n{made}\n{END}{after}")
    else:
        sys.stdout.write(made + "\n")


if __name__ == "__main__":
    main()
