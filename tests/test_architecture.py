"""What imports cannot show, read from the syntax trees of our own code."""

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
APPS = (
    "accounts",
    "contacts",
    "preferences",
    "subscriptions_site",
    "public",
    "imports",
    "workflows",
    "jobs",
    "api",
    "mails",
)
FILE_LINES = 400
TEST_FILE_LINES = 800
FUNCTION_LINES = 60
VIEW_LINES = 25
TEMPLATE_LINES = 150


def sources(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in (ROOT / folder).rglob("*.py")]
    return sorted(path for path in found if "migrations" not in path.parts)


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


CODE = sources(*APPS)
TESTS = sources("tests")


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def calls(tree: ast.AST) -> list[str]:
    return [ast.unparse(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)]


def functions(tree: ast.AST) -> list[ast.FunctionDef]:
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def length(node: ast.FunctionDef) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


@pytest.mark.parametrize("path", CODE, ids=name_of)
def test_events_are_created_in_the_ledger_only(path):
    if name_of(path) == "preferences/ledger.py":
        return
    text = path.read_text(encoding="utf-8")
    writers = ("create", "bulk_create", "get_or_create", "update_or_create", "update", "delete")
    for call in calls(tree_of(path)):
        assert call != "ConsentEvent", f"{name_of(path)} makes a ConsentEvent"
        parts = call.split(".")
        is_about_events = "ConsentEvent" in parts or call.startswith("ConsentEvent.objects")
        assert not (is_about_events and parts[-1] in writers), f"{name_of(path)}: {call}"
    assert "INSERT INTO preferences_consentevent" not in text


@pytest.mark.parametrize("path", CODE, ids=name_of)
def test_no_signals(path):
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            names = [ast.unparse(decorator) for decorator in node.decorator_list]
            assert not any(name.startswith("receiver") for name in names), name_of(path)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            is_signal = node.func.attr == "connect" and "signal" in ast.unparse(node.func).lower()
            assert not is_signal, name_of(path)


TRANSLATE = re.compile(r"_|_lazy|n?p?n?gettext(_lazy)?")


@pytest.mark.parametrize("path", CODE, ids=name_of)
def test_no_text_is_translated_inside_an_f_string(path):
    """There it is not collected, so it would stay English in every language."""
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.JoinedStr):
            hidden = [call for call in calls(node) if TRANSLATE.fullmatch(call)]
            assert hidden == [], f"{name_of(path)}:{node.lineno}"


CLOCKS = ("timezone.now", "datetime.now", "datetime.utcnow", "date.today", "time.time")
CLOCK_MODULES = {"views", "views.py", "wsgi.py", "admin.py", "tasks", "tasks.py", "commands"}


@pytest.mark.parametrize("path", CODE, ids=name_of)
def test_the_clock_is_read_at_the_edges_only(path):
    if CLOCK_MODULES & set(path.parts):
        return
    assert not set(calls(tree_of(path))) & set(CLOCKS), name_of(path)


@pytest.mark.parametrize("path", CODE + TESTS, ids=name_of)
def test_files_are_short(path):
    limit = TEST_FILE_LINES if path in TESTS else FILE_LINES
    assert len(path.read_text(encoding="utf-8").splitlines()) <= limit


@pytest.mark.parametrize("path", CODE, ids=name_of)
def test_functions_are_short(path):
    tree = tree_of(path)
    is_view_module = "views" in path.parts or path.name == "views.py"
    for node in functions(tree):
        takes_request = bool(node.args.args) and node.args.args[0].arg == "request"
        is_view = is_view_module and takes_request and not node.name.startswith("_")
        limit = VIEW_LINES if is_view else FUNCTION_LINES
        body = length(node)
        assert body <= limit, f"{name_of(path)}: {node.name} has {body} lines"


@pytest.mark.parametrize("path", sorted((ROOT / "templates").rglob("*.html")), ids=name_of)
def test_templates_are_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= TEMPLATE_LINES
