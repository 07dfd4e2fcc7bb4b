"""The site's translations: `python tools/messages.py update | compile | check`. Babel and Django do the work; no gettext binaries are needed.

Found are: gettext calls in Python, the translate tags of Django templates, and refusals: the `message` of every class in an `errors.py`,
or with a `code` beside it anywhere, and the message with which one is made, which is translated when it is shown (foundation/errors.py).
A message that is put together from parts could not be: `patched` finds those. Words of our scripts come to them through pages.
"""

import argparse
import ast
import re
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any, TypeGuard

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_python
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
ROOMS = ["config", "foundation", "payments", "qualification", "tasks", "workforce"]
LOCALES = ROOT / "locale"
LANGUAGES = ["es"]
KEYWORDS = DEFAULT_KEYWORDS | {
    "gettext_noop": None,
    "gettext_lazy": None,
    "ngettext_lazy": (1, 2),
    "pgettext_lazy": ((1, "c"), 2),
}
CALL = re.compile(r"(?<!\w)(_|gettext|ngettext|pgettext|npgettext)\(")
LITERAL = re.compile(r"\s*u?('(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\")\s*(,|\))", re.DOTALL)

PLACES = {"refuse": 1, "bad": 1, "Refused": 2}  # where the message stands among the arguments, if not first

Message = str | tuple[str, str]
Found = tuple[str, Message, str | None]  # where, what, in which context


def messages() -> Iterator[Found]:
    """Everything to translate, in the order of files."""
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*")):
            where = path.relative_to(ROOT).as_posix()
            if path.suffix == ".py" and "migrations" not in path.parts:
                yield from ((where, *one) for one in of_python(path))
            elif path.suffix in {".html", ".txt"} and "templates" in path.parts:
                yield from ((where, *one) for one in of_template(path.read_text()))


def of_python(path: Path) -> Iterator[tuple[Message, str | None]]:
    """gettext calls; what refusals say."""
    source = path.read_bytes()
    calls: Any = extract_python(BytesIO(source), KEYWORDS, [], {"encoding": "utf-8"})  # its stubs deny what it returns
    for _, call, found, _ in calls:
        parts = [part for part in ([found] if isinstance(found, str) else found or []) if part]
        if parts and str(call).startswith("pgettext"):
            yield parts[1], parts[0]
        elif parts:
            yield (parts[0], parts[1]) if len(parts) > 1 else parts[0], None
    for node in ast.walk(ast.parse(source)):
        if _is_refusal(node, path):
            yield from ((text, None) for line in node.body if (text := _text_of(line, "message")))
    yield from ((text, None) for part in _messages_in(ast.parse(source)) if (text := _words_in(part)))


@cache
def refusals() -> frozenset[str]:
    """The names with which refusals are raised: the classes that are refusals, and the label families' own `refuse`."""
    paths = [path for room in ROOMS for path in (ROOT / room).rglob("*.py")]
    classes = {node.name for path in paths for node in ast.walk(ast.parse(path.read_bytes())) if _is_refusal(node, path)}
    return frozenset(classes | set(PLACES))


def _is_refusal(node: ast.AST, path: Path) -> TypeGuard[ast.ClassDef]:
    """A class in an `errors.py`, or one with a `code` and a `message` of its own."""
    if not isinstance(node, ast.ClassDef):
        return False
    return path.name == "errors.py" or all(any(_text_of(line, name) for line in node.body) for name in ("code", "message"))


def _text_of(line: ast.stmt, name: str) -> str | None:
    """The constant text that a line of a class gives to a name."""
    if not isinstance(line, ast.Assign) or getattr(line.targets[0], "id", "") != name:
        return None
    return line.value.value if isinstance(line.value, ast.Constant) and isinstance(line.value.value, str) else None


def _messages_in(tree: ast.AST) -> Iterator[ast.expr]:
    """What refusals that are made here say, and local variables that are called `message`; of a choice, both ways."""
    for node in ast.walk(tree):
        found: list[ast.expr] = []
        if isinstance(node, ast.Call) and (name := getattr(node.func, "attr", getattr(node.func, "id", ""))) in refusals():
            found = node.args[PLACES.get(name, 0) :][:1]
        elif isinstance(node, ast.FunctionDef):
            found = [
                one.value
                for one in ast.walk(node)
                if isinstance(one, ast.Assign) and getattr(one.targets[0], "id", "") == "message"
            ]
        for one in found:
            yield from [one.body, one.orelse] if isinstance(one, ast.IfExp) else [one]


def _words_in(part: ast.expr) -> str | None:
    value = part.value if isinstance(part, ast.Constant) else None
    return value if isinstance(value, str) and " " in value else None


def patched(paths: Iterable[Path] | None = None) -> list[str]:
    """Refusals whose message is put together where it is made, so that no translation can be found: file and line of each."""
    every = paths or [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py")) if "migrations" not in path.parts]
    return [
        f"{path.name}:{part.lineno}" for path in every for part in _messages_in(ast.parse(path.read_bytes())) if _is_patched(part)
    ]


def _is_patched(part: ast.expr) -> bool:
    """Not so is a message that was translated before its values were put in."""
    is_sum = isinstance(part, ast.BinOp) and not isinstance(part.left, ast.Call)
    is_format = getattr(getattr(part, "func", None), "attr", "") == "format"
    return isinstance(part, ast.JoinedStr) or is_sum or is_format or ast.unparse(part) == "str(error)"


def of_template(source: str) -> Iterator[tuple[Message, str | None]]:
    """The translate and blocktranslate tags and _("…") of a template."""
    code = templatize(source)
    for call in CALL.finditer(code):
        literals, at = [], call.end()
        while found := LITERAL.match(code, at):
            literals.append(ast.literal_eval(found.group(1)))
            at = found.end()
            if found.group(2) == ")":
                break
        if not literals:
            continue
        context = literals.pop(0) if "p" in call.group(1).removesuffix("gettext") else None
        is_plural = call.group(1).startswith("n") and len(literals) > 1
        yield (literals[0], literals[1]) if is_plural else literals[0], context


def template_catalog() -> Catalog:
    """What there is to translate, each once, with the files it stands in."""
    catalog = Catalog(project="Fairhand", charset="utf-8")
    for where, message, context in messages():
        catalog.add(message, locations=[(where, 0)], context=context)
    return catalog


def catalog_of(language: str) -> Catalog:
    """The translations there are; empty for a new language."""
    path = path_of(language)
    if not path.exists():
        return Catalog(locale=language, project="Fairhand", charset="utf-8")
    with path.open("rb") as stream:
        return read_po(stream, locale=language)


def path_of(language: str) -> Path:
    """Where a language's translations stand."""
    return LOCALES / language / "LC_MESSAGES" / "django.po"


def update() -> None:
    """Bring every language's file up to what there is to translate; what is new is empty, what is gone is dropped."""
    for language in LANGUAGES:
        catalog = catalog_of(language)
        catalog.update(template_catalog(), no_fuzzy_matching=True)
        catalog.obsolete.clear()
        catalog.creation_date = catalog.revision_date = datetime(2026, 11, 25, tzinfo=UTC)  # only what is said changes the file
        catalog.fuzzy = False
        catalog.header_comment = "# Fairhand, in the words of its people."
        path_of(language).parent.mkdir(parents=True, exist_ok=True)
        with path_of(language).open("wb") as stream:
            write_po(stream, catalog, width=120, sort_by_file=True, include_lineno=False, omit_header=False)


def compile_all() -> None:
    """Write what Django reads. Refuses nothing: what is not translated is shown in English."""
    for language in LANGUAGES:
        with path_of(language).with_suffix(".mo").open("wb") as stream:
            write_mo(stream, catalog_of(language))


def complaints() -> list[str]:
    """What a complete translation lacks: messages that are missing, empty, unused, or that name other values than the English."""
    wanted = {(one.id if isinstance(one.id, str) else one.id[0], one.context) for one in template_catalog() if one.id}
    found = []
    for language in LANGUAGES:
        have = {}
        for one in catalog_of(language):
            if not one.id:
                continue
            key = (one.id if isinstance(one.id, str) else one.id[0], one.context)
            have[key] = one
            strings = [one.string] if isinstance(one.string, str) else list(one.string or [""])
            if one.fuzzy or not all(strings):
                found.append(f"{language}: not translated: {key[0]!r}")
            elif any(
                set(values_in(string)) - set(values_in(" ".join(one.id) if one.pluralizable else key[0])) for string in strings
            ):
                found.append(f"{language}: names other values: {key[0]!r}")
        found += [f"{language}: missing: {text!r}" for text, _ in sorted(wanted - set(have), key=str)]
        found += [f"{language}: no longer used: {text!r}" for text, _ in sorted(set(have) - wanted, key=str)]
    return found


def values_in(text: str) -> list[str]:
    """The placeholders of a message: %(name)s and {name}."""
    return re.findall(r"%\(\w+\)[sd]|\{\w*\}", text)


def main() -> None:
    """Read the command, do it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=["update", "compile", "check"])
    command = parser.parse_args().command
    if command == "check":
        sys.exit("\n".join(complaints()) or None)
    {"update": update, "compile": compile_all}[command]()


if __name__ == "__main__":
    main()
