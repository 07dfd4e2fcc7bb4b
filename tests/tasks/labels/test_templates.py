"""The script that puts Label Studio's templates through our check, over a small wheel of our own."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.tasks.labels.faces import SPANS

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def wheel(tmp_path):
    path = tmp_path / "made.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, config in [("nlp/spans", SPANS), ("chat/bot", "<View><Chat name='c' value='$c'/></View>")]:
            said = json.dumps({"title": name.title(), "config": config})  # JSON is YAML
            archive.writestr(f"label_studio/annotation_templates/{name}/config.yml", said)
        archive.writestr("label_studio/annotation_templates/nlp/spans/config.xml", SPANS)
    return path


def asked(wheel, *more):
    command = [sys.executable, "tools/check_templates.py", "--wheel", str(wheel), *more]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_each_template_is_accepted_or_refused_with_its_reason(wheel, tmp_path):
    lines = asked(wheel).splitlines()
    assert lines[0] == "2 templates: 1 accepted, 1 refused with the reason below."
    assert lines[-1] == "| Nlp/Spans (`nlp/spans`) | yes |  |"
    assert lines[-2].startswith("| Chat/Bot (`chat/bot`) | The tag &lt;Chat> belongs to Label Studio Enterprise")
    assert list(json.loads(asked(wheel, "--list"))) == ["nlp/spans"]
    rendered = tmp_path / "rendered.json"
    rendered.write_text(json.dumps({"nlp/spans": "yes"}))
    assert "1 of the accepted rendered" in asked(wheel, "--rendered", str(rendered))


def test_the_document_says_how_many():
    text = (ROOT / "docs" / "templates.md").read_text()
    assert "69 templates: 58 accepted, 11 refused" in text
    assert text.count("\n| ") == 70
