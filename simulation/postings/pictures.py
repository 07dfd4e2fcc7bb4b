"""Postings about pictures: boxes, polygons, a brush mask, a number, a page of the requester's own."""

import io
from typing import Any

from simulation import scenes
from simulation.postings.posting import Entry, Item, Posting, Regions, region
from simulation.scenes import HEIGHT, WIDTH, Box, Scene

STREETS = range(1, 7)
GARDENS = range(1, 6)
LAKES = range(1, 5)
WIRES = range(1, 9)
LAKE_SIZE = (320, 200)


def _size(width: int = WIDTH, height: int = HEIGHT) -> dict[str, Any]:
    return {"original_width": width, "original_height": height, "image_rotation": 0}


# ---- boxes ----


def _boxes(boxes: list[Box], *, moved: float = 0.0) -> Regions:
    return [
        region(
            "label",
            "image",
            "rectanglelabels",
            {
                "x": min(box.x + moved, 100 - box.width),
                "y": box.y,
                "width": box.width,
                "height": box.height,
                "rotation": 0,
                "rectanglelabels": [box.label],
            },
            id=f"b{n}",
            **_size(),
        )
        for n, box in enumerate(boxes)
    ]


def _street(n: int, scene: Scene) -> Item:
    suggestion = [one | {"score": 0.7 + 0.04 * k} for k, one in enumerate(_boxes(scene.boxes[:3], moved=0.8))]
    return Item(
        f"street-{n}",
        {"image": f"file:street-{n}.png"},
        _boxes(scene.boxes),
        _boxes(scene.boxes[:-1]),
        suggestion if n % 2 == 0 else None,
        gold=n == 5,
        explanation="Every car, bicycle and person has a box, also those at the edge.",
    )


def streets() -> Posting:
    """Boxes in drawn streets."""
    drawn = {n: scenes.street(n) for n in STREETS}
    return Posting(
        slug="streets",
        project="Street scenes",
        name="Cars, bicycles and people in a street",
        description="Draw a tight box round every car, bicycle and person.",
        interface=(
            '<View><RectangleLabels name="label" toName="image"><Label value="Car" background="#b3261e" hotkey="1"/>'
            '<Label value="Bicycle" background="#1f5fa8" hotkey="2"/><Label value="Person" background="#0b6b4f" hotkey="3"/>'
            '</RectangleLabels><Image name="image" value="$image" zoom="true"/></View>'
        ),
        entries=[
            Entry("Car", "Any motor vehicle on four wheels.", right=[("A parked taxi", "A car, parked or not.")]),
            Entry(
                "Bicycle",
                "A bicycle with its rider.",
                "",
                "It is pushed: then the person is a Person, and the bicycle a Bicycle.",
            ),
            Entry("Person", "Somebody on foot.", "Standing, walking, sitting.", "They ride a bicycle."),
        ],
        items=[_street(n, scene) for n, scene in drawn.items()],
        seconds=90,
        cents=39,
        files={f"street-{n}.png": scene.png for n, scene in drawn.items()},
        gold_percent=10,
    )


# ---- polygons ----


def _outlines(polygons: list[tuple[str, list[scenes.Point]]]) -> Regions:
    return [
        region(
            "label",
            "image",
            "polygonlabels",
            {"points": [[x, y] for x, y in points], "closed": True, "polygonlabels": [label]},
            id=f"p{n}",
            **_size(),
        )
        for n, (label, points) in enumerate(polygons)
    ]


def gardens() -> Posting:
    """Polygons round roofs and ponds."""
    drawn = {n: scenes.gardens(n) for n in GARDENS}
    return Posting(
        slug="gardens",
        project="Aerial pictures",
        name="Roofs and ponds from above",
        description="Outline every roof and every pond in a picture taken from above.",
        interface=(
            '<View><PolygonLabels name="label" toName="image"><Label value="Roof" background="#b3261e" hotkey="1"/>'
            '<Label value="Pond" background="#1f5fa8" hotkey="2"/></PolygonLabels><Image name="image" value="$image" zoom="true"/></View>'
        ),
        entries=[
            Entry("Roof", "The roof of a building.", "", "A terrace or a road."),
            Entry("Pond", "Water with a bank.", right=[("A small pond behind the house", "Small ones count.")]),
        ],
        items=[
            Item(f"garden-{n}", {"image": f"file:garden-{n}.png"}, _outlines(scene.polygons), _outlines(scene.polygons[:-1]))
            for n, scene in drawn.items()
        ],
        seconds=130,
        cents=56,
        files={f"garden-{n}.png": scene.png for n, scene in drawn.items()},
    )


# ---- a mask ----


def _painted(mask: Any) -> Regions:
    from label_studio_sdk.converter import brush

    value = {"format": "rle", "rle": [int(part) for part in brush.mask2rle(mask.astype("uint8") * 255)], "brushlabels": ["Water"]}
    return [region("label", "image", "brushlabels", value, id="m0", **_size(*LAKE_SIZE))]


def lakes() -> Posting:
    """A mask over the water of a lake."""
    drawn = {n: scenes.lake(n) for n in LAKES}
    return Posting(
        slug="lakes",
        project="Satellite pictures",
        name="Paint the water",
        description="Paint over the lake in a satellite picture, to the pixel.",
        interface=(
            '<View><BrushLabels name="label" toName="image"><Label value="Water" background="rgba(31,95,168,0.6)" hotkey="1"/>'
            '</BrushLabels><Image name="image" value="$image" zoom="true"/></View>'
        ),
        entries=[
            Entry("Water", "The surface of the lake, also where it is shallow and lighter.", "", "Wet fields along the bank.")
        ],
        items=[
            Item(f"lake-{n}", {"image": f"file:lake-{n}.png"}, _painted(scene.mask), _painted(_shrunk(scene.mask)))
            for n, scene in drawn.items()
        ],
        seconds=120,
        cents=52,
        files={f"lake-{n}.png": scene.png for n, scene in drawn.items()},
        overlap=2,
    )


def _shrunk(mask: Any) -> Any:
    """The mask without a broad rim: what someone paints who stays away from the bank."""
    import numpy as np

    smaller = mask
    for _ in range(9):
        smaller = smaller & np.roll(smaller, 1, 0) & np.roll(smaller, -1, 0) & np.roll(smaller, 1, 1) & np.roll(smaller, -1, 1)
    return smaller


# ---- a number ----


def _counted(n: int) -> Regions:
    return [region("birds", "image", "number", {"number": n})]


def wires() -> Posting:
    """How many birds sit there."""
    drawn = {n: scenes.birds(n) for n in WIRES}
    return Posting(
        slug="birds",
        project="Bird counts",
        name="How many birds?",
        description="Count the birds on three wires.",
        interface=(
            '<View><Image name="image" value="$image"/><Header value="How many birds are sitting on the wires?"/>'
            '<Number name="birds" toName="image" min="0" max="50" step="1" required="true"/></View>'
        ),
        entries=[],
        items=[
            Item(
                f"wires-{n}",
                {"image": f"file:wires-{n}.png"},
                _counted(scene.count),
                _counted(scene.count + 1),
                gold=n in (2, 6),
                explanation=f"There are {scene.count}.",
            )
            for n, scene in drawn.items()
        ],
        seconds=14,
        cents=7,
        files={f"wires-{n}.png": scene.png for n, scene in drawn.items()},
        gold_percent=15,
        settings={"gold_first": 2, "accuracy_bar": 0.5},
    )


# ---- a page of the requester's own ----

PAGE = """<HTMLQuestion xmlns="http://mechanicalturk.amazonaws.com/AWSMechanicalTurkDataSchemas/2011-11-11/HTMLQuestion.xsd">
<HTMLContent><![CDATA[<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Describe a photograph</title>
<style>
  body { font: 1rem/1.5 system-ui, sans-serif; max-width: 42rem; margin: 0 auto; padding: 1rem; color: #1d2320; background: #fff }
  img { max-width: 100%; height: auto } label, legend { font-weight: 600 } fieldset { border: 1px solid #ccc; margin: 1rem 0 }
  textarea { width: 100%; font: inherit; padding: .4rem; box-sizing: border-box } button { font: inherit; padding: .5rem 1.2rem }
</style></head><body>
<form name="mturk_form" method="post" action="https://www.mturk.com/mturk/externalSubmit">
<h1>Describe a photograph</h1>
<p>Somebody who cannot see this photograph has it in ${where}. Tell them what they need to know.</p>
<img src="${image}" alt="The photograph that you describe">
<p><label for="description">In one or two sentences</label><br>
<textarea id="description" name="description" rows="3" maxlength="300" required></textarea></p>
<fieldset><legend>What is it mostly a picture of?</legend>
<label><input type="radio" name="kind" value="building" required> A building</label>
<label><input type="radio" name="kind" value="plant"> A plant</label>
<label><input type="radio" name="kind" value="other"> Something else</label></fieldset>
<p><button type="submit">Submit</button></p>
</form></body></html>]]></HTMLContent>
<FrameHeight>720</FrameHeight></HTMLQuestion>"""
PHOTOS = [
    (
        "temple",
        "china.jpg",
        (0, 0, 640, 427),
        "a travel guide",
        "A red pavilion of four storeys with tiled roofs above a wide lake, between trees.",
        "building",
    ),
    (
        "roof",
        "china.jpg",
        (180, 40, 560, 300),
        "a book on architecture",
        "Two upper storeys of a red pavilion, each under a tiled roof with upturned corners.",
        "building",
    ),
    (
        "dahlia",
        "flower.jpg",
        (0, 0, 640, 427),
        "a garden calendar",
        "A round orange dahlia in full bloom before dark leaves.",
        "plant",
    ),
    (
        "petals",
        "flower.jpg",
        (150, 60, 500, 360),
        "a seed catalogue",
        "A dahlia from close by: rings of rounded orange petals, darker towards the middle.",
        "plant",
    ),
]


def photographs() -> Posting:
    """A page of the requester's own, as Mechanical Turk's HTMLQuestion has it, about photographs that come with scikit-learn."""
    return Posting(
        slug="photographs",
        project="Photographs",
        name="Describe a photograph",
        description="Describe a photograph for someone who cannot see it.",
        interface=PAGE,
        entries=[],
        items=[
            Item(
                f"photo-{name}",
                {"image": f"file:{name}.jpg", "where": where},
                [region("form", "form", "form", {"form": {"description": text, "kind": kind}})],
            )
            for name, _, _, where, text, kind in PHOTOS
        ],
        seconds=75,
        cents=33,
        files={f"{name}.jpg": _photo(source, part) for name, source, part, *_ in PHOTOS},
        overlap=2,
    )


def _photo(source: str, part: tuple[int, int, int, int]) -> bytes:
    from PIL import Image
    from sklearn.datasets import load_sample_image

    buffer = io.BytesIO()
    Image.fromarray(load_sample_image(source)).crop(part).save(buffer, "JPEG", quality=82)
    return buffer.getvalue()


def postings() -> list[Posting]:
    """All of them; the pictures are drawn now."""
    return [streets(), gardens(), lakes(), wires(), photographs()]
