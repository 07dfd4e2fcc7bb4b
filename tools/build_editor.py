"""Build the labelling editor from the Label Studio wheel: `python tools/build_editor.py OUT [--wheel FILE]`.

Label Studio publishes no stand-alone editor any more; its web application carries one in lazy chunks. This takes those chunks out of
the official wheel (Apache-2.0, version and hash pinned) and joins them into one script and one style sheet that any page can load.
Only the registration of the application's modules is kept: its boot, its analytics and its error reporting never start. Nothing is
named by number: the script finds the editor's chunk and entry by what they contain, and stops when that is not unique.

Writes lsf.js, lsf.css, fonts/, the licences, and editor.json (version, chunks, SHA-256 of every file). The standard library and pip only.
"""

import argparse
import hashlib
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path, PurePosixPath

VERSION = "1.23.2"
WHEEL_SHA256 = "c575b2552d0b271554224c5e56ab2ce9449c6e62a0b4851bc8c706d8fe651137"
APP = "web/dist/apps/labelstudio/"
FONTS = "label_studio/core/static/fonts/Figtree"
LICENCES = ("dist-info/licenses/LICENSE", "dist-info/licenses/NOTICE")

# Before the chunks: let every chunk register its modules, and drop the callback with which the application would start.
HOLD_THE_BOOT = (
    "(()=>{const g=self.webpackChunklabelstudio=self.webpackChunklabelstudio||[],p=g.push.bind(g);"
    "g.push=d=>p([d[0],d[1]]);g.__p=p})();"
)
# After them: require the editor, which puts itself at window.LabelStudio.
START_THE_EDITOR = (
    "(()=>{self.APP_SETTINGS=self.APP_SETTINGS||{feature_flags:{},feature_flags_default_value:false};"
    "const g=self.webpackChunklabelstudio,p=g.__p;g.push=p;delete g.__p;"
    "p([['editor-start'],{},r=>{r(%s)}])})();"
)


class Unexpected(SystemExit):
    """The wheel is not built as we know it: a new version needs a look, not a guess."""


def download(folder: str) -> Path:
    """The pinned wheel, fetched by pip and checked against its hash."""
    wanted = Path(folder, "editor.txt")
    wanted.write_text(f"label-studio=={VERSION} --hash=sha256:{WHEEL_SHA256}\n")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet", "--no-deps", "--only-binary=:all:"]
    subprocess.run([*pip, "--require-hashes", "-r", str(wanted), "-d", folder], check=True)
    return next(Path(folder).glob("label_studio-*.whl"))


def build(wheel: Path, out: Path) -> None:
    """Write the editor to `out`. The same wheel gives the same bytes. Raises Unexpected for a wheel that is built otherwise."""
    if hashlib.sha256(wheel.read_bytes()).hexdigest() != WHEEL_SHA256:
        raise Unexpected(f"{wheel.name} is not label-studio {VERSION} as pinned in {Path(__file__).name}.")
    with zipfile.ZipFile(wheel) as archive:
        scripts = {
            PurePosixPath(name).name: archive.read(name).decode()
            for name in archive.namelist()
            if name.startswith(APP) and name.endswith(".js")
        }
        editor, entry, names = find_editor(scripts)
        out.mkdir(parents=True, exist_ok=True)
        (out / "lsf.js").write_text(joined_script(scripts, entry, names))
        (out / "lsf.css").write_text(joined_styles(archive, scripts["main.js"], editor))
        copy_fonts_and_licences(archive, out)
    digests = {
        path.relative_to(out).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file() and path.name != "editor.json"
    }
    (out / "editor.json").write_text(json.dumps({"version": VERSION, "chunks": names, "sha256": digests}, indent=1))


def find_editor(scripts: dict[str, str]) -> tuple[str, str, list[str]]:
    """The editor's chunk number, the module to require, and the files to join, in order."""
    named: dict[str, str] = {}
    for name, text in scripts.items():
        if found := re.search(r"webpackChunklabelstudio\|\|\[\]\)\.push\(\[\[(\d+)\]", text[:400]):
            named[found.group(1)] = name
    editors = [
        number for number, name in named.items() if name != "main.js" and re.search(r"window\.LabelStudio=\w+", scripts[name])
    ]
    if len(editors) != 1:
        raise Unexpected(f"label-studio {VERSION}: expected one chunk that sets window.LabelStudio, found {editors}.")
    [editor] = editors
    loads = re.findall(r"Promise\.all\(\[([^\]]*)\]\)\.then\(\w+\.bind\(\w+,(\d+)\)\)", scripts["main.js"])
    entries = {(tuple(re.findall(r"\((\d+)\)", chunks)), module) for chunks, module in loads}
    entries = {(chunks, module) for chunks, module in entries if editor in chunks}
    if len(entries) != 1:
        raise Unexpected(f"label-studio {VERSION}: expected one place that loads the editor, found {sorted(entries)}.")
    chunks, module = entries.pop()
    lazy = re.findall(r"\.e\((\d+)\)", scripts[named[editor]])  # what the editor itself would load later comes along now
    names = ["vendor.js", "main.js"] + [named[number] for number in (*chunks, *lazy) if number in named]
    return editor, module, list(dict.fromkeys(names))


def joined_script(scripts: dict[str, str], entry: str, names: list[str]) -> str:
    """All chunks in one script, without their source-map comments."""
    banner = f"/*! Label Studio editor {VERSION}, repackaged; Apache-2.0: see LICENSE, NOTICE, 3rdpartylicenses.txt */"
    parts = [banner, scripts["runtime.js"], HOLD_THE_BOOT, *(scripts[name] for name in names), START_THE_EDITOR % entry]
    return "\n;".join(re.sub(r"(?m)^//# sourceMappingURL=.*$", "", part) for part in parts)


def joined_styles(archive: zipfile.ZipFile, main: str, editor: str) -> str:
    """The application's sheet, the editor's, and the Tailwind sheet that the application injects from JavaScript."""
    start = main.index('"/*\\n! tailwindcss')
    tailwind, _ = json.JSONDecoder(strict=False).raw_decode(main[start:])
    sheets = [archive.read(f"{APP}{name}.css").decode() for name in ("main", editor)]
    styles = re.sub(r"/\*# sourceMappingURL=.*?\*/", "", "\n".join([*sheets, tailwind]))
    return styles.replace("url(/static/fonts/", "url(fonts/")


def copy_fonts_and_licences(archive: zipfile.ZipFile, out: Path) -> None:
    """What the sheet names, and what the licence asks to keep."""
    (out / "fonts").mkdir(exist_ok=True)
    for name in archive.namelist():
        if name.startswith(FONTS) and name.endswith(".ttf"):
            (out / "fonts" / PurePosixPath(name).name).write_bytes(archive.read(name))
        elif name.endswith(LICENCES):
            (out / PurePosixPath(name).name).write_bytes(archive.read(name))
    (out / "3rdpartylicenses.txt").write_bytes(archive.read(f"{APP}3rdpartylicenses.txt"))


def main() -> None:
    """Read the arguments, build."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--wheel", type=Path, help="The wheel, where it cannot be downloaded.")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        build(options.wheel or download(folder), options.out)


if __name__ == "__main__":
    main()
