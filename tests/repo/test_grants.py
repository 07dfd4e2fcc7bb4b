"""Whoever deletes rows is named in config/grants.py: otherwise production, where the role may delete nothing else, refuses it."""

import ast
import re

import pytest
from django.apps import apps

from config import grants
from tests.repo.test_the_code_itself import ROOT, sources

OWN = {"import_stage"}  # a temporary table belongs to whoever made it


def names_in(node: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(node) if isinstance(one, ast.Name)}


def models_deleted_in(tree: ast.AST) -> list[tuple[int, set[str]]]:
    """Each `….delete()` without arguments: its line, and the models it may be about, by way of a variable of the same function too."""
    models = {model.__name__ for model in apps.get_models()}
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    found = []
    for function in functions:
        assigned = [node for node in ast.walk(function) if isinstance(node, ast.Assign | ast.For | ast.AnnAssign)]
        arguments = {one.arg: names_in(one.annotation) for one in function.args.args if one.annotation}
        for call in ast.walk(function):
            if (
                isinstance(call, ast.Call)
                and isinstance(call.func, ast.Attribute)
                and call.func.attr == "delete"
                and not call.args
            ):
                names = names_in(call.func.value)
                for node in assigned:
                    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                    source = node.iter if isinstance(node, ast.For) else node.value
                    if source is not None and any(names_in(target) & names for target in targets):
                        names = names | names_in(source)
                for argument in names & set(arguments):
                    names = names | arguments[argument]
                found.append((call.lineno, names & models))
    return found


def test_every_model_that_code_deletes_from_may_be_deleted_from():
    tables = {grants.table_of(label) for label in grants.DELETED} | grants.DELETED_TABLES | OWN
    allowed = {label.rpartition(".")[2] for label in grants.DELETED}
    for path in sources():
        text = path.read_text()
        for line, models in models_deleted_in(ast.parse(text)):
            where = f"{path.relative_to(ROOT)}:{line}"
            assert models, f"{where}: of which model are these rows? Name it in the same function."
            assert models & allowed, f"{where} deletes {models}: add it to DELETED in config/grants.py"
    for path in [*sources(), *ROOT.glob("*/migrations/*.py")]:  # a trigger deletes with the rights of whoever sets it off
        for table in re.findall(r"DELETE FROM (\w+)", path.read_text()):
            assert table in tables, f"{path.name} deletes from {table}"


@pytest.mark.parametrize("label", sorted(grants.DELETED | grants.WRITTEN_ONCE))
def test_every_name_in_the_list_is_a_model(label):
    assert grants.table_of(label)


def test_nothing_is_written_once_and_deleted():
    assert not grants.DELETED & grants.WRITTEN_ONCE
