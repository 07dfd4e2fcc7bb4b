"""A person does one task of every type, by mouse and, where the editor has it, by keyboard alone; hands it in, and the server accepts it.

It fails loudly when the pinned editor (tools/build_editor.py) moves and works otherwise. The free HTML pages are in test_frames.py.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import FrameLocator, Locator, Page, expect

from tasks import media
from tasks.models import Answer
from tests.browser import materials
from tests.browser.scenes import file, opened
from tests.builders import Person

Act = Callable[[Page, FrameLocator], None]
FILES = {
    "picture": ("scene.png", materials.picture),
    "sound": ("tone.wav", materials.sound),
    "film": ("crossing.webm", materials.FILM.read_bytes),
}


@dataclass(frozen=True)
class Type:
    """A type of task: how it is asked, how it is done, and what the answer then is."""

    interface: str
    payload: dict[str, Any]
    mouse: Act
    right: Callable[[dict[str, Any]], bool]  # is this the canonical answer that was meant?
    keyboard: Act | None = None
    near: dict[str, float] = field(default_factory=dict)  # of the first region's value: field → where the hand drew it


# ---- hands ----


def drag(page: Page, area: Locator, *points: tuple[float, float]) -> None:
    """Press at the first point, move through the others and let go; points are shares of the area's width and height."""
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    assert box
    (x, y), *others = [(box["x"] + box["width"] * a, box["y"] + box["height"] * b) for a, b in points]
    page.mouse.move(x, y)
    page.mouse.down()
    for other in others:
        page.mouse.move(*other, steps=8)
    page.mouse.up()


def click(page: Page, area: Locator, *points: tuple[float, float]) -> None:
    box = area.bounding_box()
    assert box
    for a, b in points:
        page.mouse.click(box["x"] + box["width"] * a, box["y"] + box["height"] * b)
        page.wait_for_timeout(350)  # two quick clicks are a double click


def select(page: Page, task: FrameLocator, words: str) -> None:
    """Drag over words of a text, as a mouse does."""
    frame = page.frames[-1]
    rect = frame.evaluate(
        """words => {
            const walk = document.createTreeWalker(document.getElementById("editor"), NodeFilter.SHOW_TEXT);
            for (let node; (node = walk.nextNode());) {
                const at = node.data.indexOf(words);
                if (at < 0) continue;
                const range = new Range();
                range.setStart(node, at);
                range.setEnd(node, at + words.length);
                const {left, right, top, height} = range.getBoundingClientRect();
                return {left, right, middle: top + height / 2};
            }
        }""",
        words,
    )
    outer = page.locator("#editor iframe").bounding_box()
    assert rect, f"{words} is not shown"
    assert outer
    y = outer["y"] + rect["middle"]
    page.mouse.move(outer["x"] + rect["left"] + 1, y)
    page.mouse.down()
    page.mouse.move(outer["x"] + rect["right"] - 1, y, steps=8)
    page.mouse.up()


def picture(task: FrameLocator) -> Locator:
    shown = task.locator("img[alt=image]")
    expect(shown).to_be_visible()
    expect(
        task.locator(".konvajs-content").first
    ).to_be_visible()  # what takes the pointer lies over it, and comes a little later
    shown.page.wait_for_timeout(300)
    return shown


def label(task: FrameLocator, name: str) -> None:
    task.locator(".lsf-label", has_text=name).first.click()


def keys(*pressed: str) -> Act:
    def act(page: Page, task: FrameLocator) -> None:
        for key in pressed:
            page.keyboard.press(key)
            page.wait_for_timeout(50)

    return act


def checkbox(*names: str) -> Act:
    def act(page: Page, task: FrameLocator) -> None:
        for name in names:
            task.get_by_role("checkbox", name=name).check()

    return act


# ---- what people do ----


def mark_words(page: Page, task: FrameLocator) -> None:
    label(task, "PER")
    select(page, task, "Ada Lovelace")
    expect(task.locator(".lsf-outliner-item")).to_have_count(1)
    page.keyboard.press("l")
    select(page, task, "London")


def draw_box(page: Page, task: FrameLocator) -> None:
    shown = picture(task)
    label(task, "Car")
    drag(page, shown, (0.125, 0.55), (0.375, 0.75))


def draw_box_with_its_key(page: Page, task: FrameLocator) -> None:
    picture(task)
    page.keyboard.press("1")
    drag(page, picture(task), (0.125, 0.55), (0.375, 0.75))


def draw_polygon(page: Page, task: FrameLocator) -> None:
    shown = picture(task)
    label(task, "Tree")
    click(page, shown, (0.54, 0.72), (0.60, 0.40), (0.66, 0.72), (0.54, 0.72))


def paint(page: Page, task: FrameLocator) -> None:
    shown = picture(task)
    label(task, "Road")
    drag(page, shown, (0.1, 0.85), (0.5, 0.9), (0.9, 0.85))


def prefer(page: Page, task: FrameLocator) -> None:
    task.get_by_text("Paris is the capital of France.").click()


def rank_by_mouse(page: Page, task: FrameLocator) -> None:
    last, first = task.locator("[data-rbd-draggable-id=c]"), task.locator("[data-rbd-draggable-id=a]")
    below, above = last.bounding_box(), first.bounding_box()
    assert below
    assert above
    page.mouse.move(below["x"] + 60, below["y"] + 15)
    page.mouse.down()
    page.mouse.move(below["x"] + 60, below["y"] - 20, steps=8)
    page.mouse.move(above["x"] + 60, above["y"] + 2, steps=12)
    page.wait_for_timeout(300)
    page.mouse.up()
    page.wait_for_timeout(500)


def rank_by_keyboard(page: Page, task: FrameLocator) -> None:
    task.locator("[data-rbd-draggable-id=c]").focus()
    for key in ("Space", "ArrowUp", "ArrowUp", "Space"):
        page.keyboard.press(key)
        page.wait_for_timeout(400)


def write(page: Page, task: FrameLocator) -> None:
    task.get_by_role("textbox").fill("It shines.")
    task.get_by_role("button", name="Add").click()


def write_by_keyboard(page: Page, task: FrameLocator) -> None:
    task.get_by_role("textbox").focus()
    page.keyboard.type("It shines.")
    page.keyboard.press("Shift+Enter")


def rate(page: Page, task: FrameLocator) -> None:
    task.get_by_role("radio").nth(3).click()


def rate_by_keyboard(page: Page, task: FrameLocator) -> None:
    task.get_by_role("radiogroup").focus()
    for _ in range(4):
        page.keyboard.press("ArrowRight")


def hear(page: Page, task: FrameLocator) -> None:
    wave = task.locator("canvas").first
    expect(wave).to_be_visible()
    page.wait_for_timeout(1500)  # until the sound is decoded
    page.keyboard.press("1")
    drag(page, wave, (0.25, 0.5), (0.75, 0.5))
    task.get_by_role("treeitem", name="Speech").click()
    task.get_by_role("textbox", name="TextArea").fill("a tone")
    page.keyboard.press("Shift+Enter")


def track(page: Page, task: FrameLocator) -> None:
    page.wait_for_timeout(1500)
    label(task, "Car")
    drag(page, task.locator(".konvajs-content").first, (0.35, 0.4), (0.55, 0.6))


def cut(page: Page, task: FrameLocator) -> None:
    page.wait_for_timeout(1500)
    label(task, "Waits")
    drag(page, task.locator("[class*=timeline]").last, (0.2, 0.5), (0.6, 0.5))


def judge_turns(page: Page, task: FrameLocator) -> None:
    label(task, "Helpful")
    select(page, task, "Use sorted(list).")


def classify(page: Page, task: FrameLocator) -> None:
    task.get_by_role("combobox").click(force=True)
    task.get_by_role("img", name="caret-down").click()
    task.locator(".ant-select-tree-treenode", has_text="Human").locator(".ant-select-tree-checkbox").click()
    page.keyboard.press("Escape")


TEXT = '<Text name="text" value="$text"/>'
IMAGE = '<Image name="img" value="$picture"/>'
SENTENCE = "Ada Lovelace met Charles Babbage in London in 1833."

TYPES: dict[str, Type] = {
    "classification": Type(
        f'<View>{TEXT}<Choices name="c" toName="text" choice="single"><Choice value="good"/><Choice value="bad"/></Choices></View>',
        {"text": "It shines."},
        checkbox("bad"),
        lambda answer: answer == {"c": "bad"},
        keys("2"),
    ),
    "several classes": Type(
        f'<View>{IMAGE}<Choices name="c" toName="img" choice="multiple"><Choice value="car"/><Choice value="person"/>'
        '<Choice value="tree"/></Choices></View>',
        {"picture": "picture"},
        checkbox("car", "tree"),
        lambda answer: answer == {"c": ["car", "tree"]},
        keys("1", "3"),
    ),
    "text spans": Type(
        '<View><Labels name="l" toName="text"><Label value="PER" hotkey="p"/><Label value="LOC" hotkey="l"/></Labels>'
        f"{TEXT}</View>",
        {"text": SENTENCE},
        mark_words,
        lambda answer: [(one["start"], one["end"]) for one in answer["l"]] == [(0, 12), (36, 42)],
    ),
    "boxes": Type(
        f'<View>{IMAGE}<RectangleLabels name="b" toName="img"><Label value="Car"/><Label value="Sun"/></RectangleLabels></View>',
        {"picture": "picture"},
        draw_box,
        lambda answer: len(answer["b"]) == 1,
        draw_box_with_its_key,
        near={"x": 12.5, "y": 55, "width": 25, "height": 20},
    ),
    "polygons": Type(
        f'<View>{IMAGE}<PolygonLabels name="p" toName="img"><Label value="Tree"/><Label value="Car"/></PolygonLabels></View>',
        {"picture": "picture"},
        draw_polygon,
        lambda answer: len(answer["p"]) == 1,
    ),
    "mask": Type(
        f'<View>{IMAGE}<BrushLabels name="m" toName="img"><Label value="Road"/><Label value="Sky"/></BrushLabels></View>',
        {"picture": "picture"},
        paint,
        lambda answer: bool(answer["m"]),
    ),
    "pairwise": Type(
        '<View><Pairwise name="pw" toName="a,b"/><Text name="a" value="$a"/><Text name="b" value="$b"/></View>',
        {"a": "Paris is the capital of France.", "b": "I think it is Lyon."},
        prefer,
        lambda answer: answer == {"pw": "left"},
    ),
    "ranking": Type(
        '<View><List name="results" value="$items" title="Answers"/><Ranker name="rank" toName="results"/></View>',
        {"items": [{"id": one.lower(), "title": f"Model {one}", "body": f"Answer {one}"} for one in "ABC"]},
        rank_by_mouse,
        lambda answer: answer["rank"] == ["c", "a", "b"] or str(answer["rank"]).index("c") < str(answer["rank"]).index("a"),
        rank_by_keyboard,
    ),
    "rating": Type(
        f'<View>{TEXT}<Rating name="r" toName="text" maxRating="5"/></View>',
        {"text": "It shines."},
        rate,
        lambda answer: answer == {"r": 4},
        rate_by_keyboard,
    ),
    "free text": Type(
        f'<View>{TEXT}<TextArea name="t" toName="text" rows="3" editable="true" maxSubmissions="1"/></View>',
        {"text": "What does it do?"},
        write,
        lambda answer: answer == {"t": ["It shines."]},
        write_by_keyboard,
    ),
    "sound with transcript": Type(
        '<View><Labels name="l" toName="audio"><Label value="Speech"/><Label value="Noise"/></Labels>'
        '<Audio name="audio" value="$sound"/><TextArea name="t" toName="audio" perRegion="true" editable="true"/></View>',
        {"sound": "sound"},
        hear,
        lambda answer: "a tone" in str(answer["l"][0]),
        near={"start": 1, "end": 3},
    ),
    "video tracks": Type(
        '<View><Labels name="l" toName="video"><Label value="Car"/><Label value="Bicycle"/></Labels>'
        '<Video name="video" value="$film" framerate="12"/><VideoRectangle name="box" toName="video"/></View>',
        {"film": "film"},
        track,
        lambda answer: len(answer["box"]) == 1,
    ),
    "video timeline": Type(
        '<View><TimelineLabels name="tl" toName="video"><Label value="Waits"/><Label value="Drives"/></TimelineLabels>'
        '<Video name="video" value="$film" framerate="12"/></View>',
        {"film": "film"},
        cut,
        lambda answer: len(answer["tl"]) == 1,
    ),
    "dialogue": Type(
        '<View><Paragraphs name="chat" value="$turns" layout="dialogue" nameKey="role" textKey="content"/>'
        '<ParagraphLabels name="pl" toName="chat"><Label value="Helpful"/><Label value="Harmful"/></ParagraphLabels></View>',
        {"turns": [{"role": "user", "content": "How do I sort?"}, {"role": "assistant", "content": "Use sorted(list)."}]},
        judge_turns,
        lambda answer: len(answer["pl"]) == 1,
    ),
    "taxonomy": Type(
        f'<View>{TEXT}<Taxonomy name="tax" toName="text"><Choice value="Archaea"/><Choice value="Eukarya"><Choice value="Human"/>'
        '<Choice value="Opossum"/></Choice></Taxonomy></View>',
        {"text": "A human."},
        classify,
        lambda answer: answer == {"tax": [["Eukarya", "Human"]]},
    ),
}

WAYS = [(name, way) for name, kind in TYPES.items() for way in ("mouse", "keyboard") if getattr(kind, way)]


def filled(kind: Type, rita: Person) -> dict[str, Any]:
    """Its payload, the files in it uploaded."""
    shown = {
        key: media.address_of(file(rita, FILES[of][0], FILES[of][1]())) for key, of in kind.payload.items() if str(of) in FILES
    }
    return kind.payload | shown


@pytest.mark.parametrize(("name", "way"), WAYS, ids=[f"{name} by {way}" for name, way in WAYS])
def test_a_person_does_one(name, way, site, page, sign_in, wanda, rita, olga):
    kind = TYPES[name]
    batch = opened(rita, olga, kind.interface, [filled(kind, rita)])
    sign_in(page, wanda)
    page.goto(f"/work/{batch.id}/")
    expect(page.get_by_role("button", name="Hand in")).to_be_enabled()
    getattr(kind, way)(page, page.frame_locator("#editor iframe"))
    expect(page.locator("#status")).to_have_text("Saved")
    page.keyboard.press("Control+Enter")
    expect(page.locator("#over")).to_contain_text("no more work")
    answer = Answer.objects.get()
    assert kind.right(answer.canonical), answer.canonical
    value = answer.result[0]["value"]
    assert {name: value[name] for name in kind.near} == pytest.approx(kind.near, abs=2)


BOX = {"x": 12.5, "y": 55, "width": 25, "height": 24, "rotation": 0, "rectanglelabels": ["Car"]}
SIZE = {"original_width": materials.WIDTH, "original_height": materials.HEIGHT, "image_rotation": 0}
SUGGESTED = {
    "text spans": [
        {
            "id": "r1",
            "from_name": "l",
            "to_name": "text",
            "type": "labels",
            "value": {"start": 36, "end": 42, "text": "London", "labels": ["LOC"]},
        }
    ],
    "boxes": [{"id": "b1", "from_name": "b", "to_name": "img", "type": "rectanglelabels", "value": BOX, **SIZE}],
}
MORE: dict[str, Act] = {
    "text spans": lambda page, task: (label(task, "PER"), select(page, task, "Ada Lovelace")),
    "boxes": lambda page, task: (picture(task), label(task, "Sun"), drag(page, picture(task), (0.78, 0.05), (0.93, 0.3))),
}


@pytest.mark.parametrize("name", SUGGESTED)
def test_suggested_regions_can_be_changed_and_keep_their_origin(name, site, page, sign_in, wanda, rita, olga):
    kind = TYPES[name]
    batch = opened(
        rita, olga, kind.interface, [{"payload": filled(kind, rita), "prelabel": {"result": SUGGESTED[name], "score": 0.8}}]
    )
    sign_in(page, wanda)
    page.goto(f"/work/{batch.id}/")
    task = page.frame_locator("#editor iframe")
    expect(task.locator(".lsf-outliner-item")).to_have_count(1)
    MORE[name](page, task)
    expect(task.locator(".lsf-outliner-item")).to_have_count(2)
    page.wait_for_timeout(1500)  # the page looks for changes once a second
    expect(page.locator("#status")).to_have_text("Saved")
    page.reload()
    expect(task.locator(".lsf-outliner-item")).to_have_count(2)
    page.get_by_role("button", name="Hand in").click()
    expect(page.locator("#over")).to_contain_text("no more work")
    assert sorted(region["origin"] for region in Answer.objects.get().result) == ["manual", "prediction"]


def test_a_region_taken_away_comes_back_with_undo(site, page, sign_in, wanda, rita, olga):
    kind = TYPES["boxes"]
    batch = opened(rita, olga, kind.interface, [filled(kind, rita)])
    sign_in(page, wanda)
    page.goto(f"/work/{batch.id}/")
    task = page.frame_locator("#editor iframe")
    draw_box(page, task)
    task.locator(".lsf-outliner-item").click()
    page.keyboard.press("Backspace")
    expect(task.locator(".lsf-outliner-item")).to_have_count(0)
    page.keyboard.press("Control+z")
    expect(task.locator(".lsf-outliner-item")).to_have_count(1)


@pytest.mark.parametrize("name", TYPES)
def test_everyone_can_use_it(name, site, page, sign_in, wanda, rita, olga, axe, shot):
    kind = TYPES[name]
    batch = opened(rita, olga, kind.interface, [filled(kind, rita)])
    sign_in(page, wanda)
    page.goto(f"/work/{batch.id}/")
    expect(page.get_by_role("button", name="Hand in")).to_be_enabled()
    page.wait_for_timeout(1000)
    axe(page)
    kind.mouse(page, page.frame_locator("#editor iframe"))
    expect(page.locator("#status")).to_have_text("Saved")
    axe(page)
    shot(page, f"task-{name.replace(' ', '-')}")
