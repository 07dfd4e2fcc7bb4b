"""Pictures drawn for the demo, each with the truth of what is in it: streets, gardens, birds on a wire, ponds. The seed decides all.

Drawn at twice their size and made smaller, which smooths the edges. Truth is in per cent of width and height, as Label Studio has it.
"""

import io
import random
from dataclasses import dataclass, field
from typing import Any

WIDTH, HEIGHT = 640, 400
TWICE = 2
Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    """Something in a picture: what, and where (per cent: left, top, width, height)."""

    label: str
    x: float
    y: float
    width: float
    height: float


@dataclass
class Scene:
    """A picture (PNG bytes) and what is in it; a drawing fills in what applies to its kind."""

    png: bytes = b""
    boxes: list[Box] = field(default_factory=list)
    polygons: list[tuple[str, list[Point]]] = field(default_factory=list)
    count: int = 0
    mask: Any = None  # numpy array of bool, height × width


class Paper:
    """A sheet to draw on, in the pixels of the finished picture."""

    def __init__(self, ground: str, width: int = WIDTH, height: int = HEIGHT) -> None:
        from PIL import Image, ImageDraw

        self.width, self.height = width, height
        self.image = Image.new("RGB", (width * TWICE, height * TWICE), ground)
        self.pen = ImageDraw.Draw(self.image)

    def box(self, x: float, y: float, width: float, height: float, fill: str, round_by: float = 0) -> None:
        """A filled box."""
        self.pen.rounded_rectangle(_twice(x, y, x + width, y + height), radius=round_by * TWICE, fill=fill)

    def oval(self, x: float, y: float, width: float, height: float, fill: str | None, line: str | None = None) -> None:
        """An ellipse in that box, filled or outlined."""
        self.pen.ellipse(_twice(x, y, x + width, y + height), fill=fill, outline=line, width=3 * TWICE)

    def shape(self, points: list[Point], fill: str) -> None:
        """A filled polygon."""
        self.pen.polygon([(x * TWICE, y * TWICE) for x, y in points], fill=fill)

    def line(self, points: list[Point], fill: str, thick: float = 2) -> None:
        """A line from point to point."""
        self.pen.line([(x * TWICE, y * TWICE) for x, y in points], fill=fill, width=round(thick * TWICE), joint="curve")

    def png(self) -> bytes:
        """The finished picture."""
        buffer = io.BytesIO()
        self.finished().save(buffer, "PNG", optimize=True)
        return buffer.getvalue()

    def finished(self) -> Any:
        """The finished picture, as Pillow has it."""
        from PIL import Image

        return self.image.resize((self.width, self.height), Image.Resampling.LANCZOS)

    def part(self, label: str, x: float, y: float, width: float, height: float) -> Box:
        """That place, in per cent."""
        return Box(
            label,
            round(100 * x / self.width, 2),
            round(100 * y / self.height, 2),
            round(100 * width / self.width, 2),
            round(100 * height / self.height, 2),
        )


def _twice(*values: float) -> tuple[float, ...]:
    return tuple(value * TWICE for value in values)


# ---- a street: boxes ----

PAINTS = ["#b3261e", "#1f5fa8", "#3d7a35", "#c9871f", "#5d4b8a", "#d8d8d2"]


def street(seed: int) -> Scene:
    """A street with cars, bicycles and people, each of whom stands free."""
    chance, paper, scene = random.Random(seed), Paper("#cfe4f2"), Scene()
    paper.oval(chance.uniform(60, 540), 24, 46, 46, "#f7d35c")
    x = -20.0
    while x < WIDTH:
        wide, tall = chance.uniform(80, 130), chance.uniform(90, 170)
        paper.box(x, 230 - tall, wide, tall, chance.choice(["#d9b99b", "#b9c3c9", "#c98f7a", "#e3d7bd"]))
        for row in range(int(tall // 38)):
            for column in range(int(wide // 30)):
                paper.box(x + 10 + column * 29, 240 - tall + row * 38, 15, 20, "#6f8794")
        x += wide + chance.uniform(4, 20)
    paper.box(0, 230, WIDTH, 44, "#c4c1b8")
    paper.box(0, 274, WIDTH, 126, "#5b5f62")
    for n in range(9):
        paper.box(n * 76 - 10, 334, 40, 5, "#eceae0")
    for lane, top in enumerate((282, 346)):
        x = chance.uniform(10, 70)
        while x < WIDTH - 130:
            scene.boxes.append(car(paper, x, top, chance) if chance.random() < 0.7 else bicycle(paper, x, top + 2 - lane * 4))
            x += chance.uniform(190, 300)
    x = chance.uniform(20, 120)
    while x < WIDTH - 30:
        scene.boxes.append(person(paper, x, 200, chance))
        x += chance.uniform(130, 260)
    scene.png = paper.png()
    return scene


def car(paper: Paper, x: float, y: float, chance: random.Random, paint: str | None = None) -> Box:
    """A car of 104 × 42 at that place."""
    paint = paint or chance.choice(PAINTS)
    paper.shape([(x + 22, y + 18), (x + 36, y), (x + 74, y), (x + 88, y + 18)], paint)
    paper.box(x, y + 16, 104, 18, paint, 6)
    paper.shape([(x + 30, y + 16), (x + 39, y + 4), (x + 53, y + 4), (x + 53, y + 16)], "#dcebf2")
    paper.shape([(x + 57, y + 16), (x + 57, y + 4), (x + 71, y + 4), (x + 80, y + 16)], "#dcebf2")
    for wheel in (14, 70):
        paper.oval(x + wheel, y + 22, 20, 20, "#1d1f20")
        paper.oval(x + wheel + 6, y + 28, 8, 8, "#9a9d9f")
    return paper.part("Car", x, y, 104, 42)


def bicycle(paper: Paper, x: float, y: float) -> Box:
    """A bicycle with a rider, of 60 × 62 at that place."""
    top = y - 24
    for wheel in (0, 36):
        paper.oval(x + wheel, top + 38, 24, 24, None, "#20262a")
    paper.line([(x + 12, top + 50), (x + 26, top + 50), (x + 42, top + 30), (x + 20, top + 30), (x + 26, top + 50)], "#a8322a", 3)
    paper.line([(x + 42, top + 30), (x + 48, top + 50)], "#a8322a", 3)
    paper.line([(x + 20, top + 30), (x + 26, top + 12), (x + 40, top + 26)], "#284a72", 6)
    paper.oval(x + 21, top, 13, 13, "#d9a77e")
    return paper.part("Bicycle", x, top, 60, 62)


def person(paper: Paper, x: float, y: float, chance: random.Random) -> Box:
    """Someone standing, of 20 × 60 at that place."""
    paper.line([(x + 7, y + 36), (x + 5, y + 59)], "#2c3138", 5)
    paper.line([(x + 13, y + 36), (x + 15, y + 59)], "#2c3138", 5)
    paper.box(x + 2, y + 13, 16, 26, chance.choice(["#7c2f4f", "#2f6a7c", "#8a6d1f", "#4a5a2a"]), 5)
    paper.oval(x + 3, y, 14, 14, chance.choice(["#d9a77e", "#8d5a3a", "#f0c9a4"]))
    return paper.part("Person", x, y, 20, 60)


# ---- gardens from above: polygons ----


def gardens(seed: int) -> Scene:
    """Roofs and ponds among lawns, seen from above."""
    chance, paper, scene = random.Random(seed), Paper("#8fae6b"), Scene()
    for n in range(60):
        paper.oval(
            chance.uniform(0, WIDTH), chance.uniform(0, HEIGHT), 10 + n % 9, 10 + n % 7, chance.choice(["#87a663", "#98b674"])
        )
    paper.shape([(0, 178), (WIDTH, 196), (WIDTH, 224), (0, 206)], "#a9a49a")
    for row, top in enumerate((20, 244)):
        for column in range(3):
            x, y = 30 + column * 205 + chance.uniform(0, 40), top + chance.uniform(0, 16)
            if chance.random() < 0.68:
                points = _roof(paper, x, y, chance)
                scene.polygons.append(("Roof", _per_cent(points)))
            elif chance.random() < 0.75 or row:
                scene.polygons.append(("Pond", _per_cent(_pond(paper, x, y, chance))))
            paper.oval(x + 150, y + 96, 26, 26, "#4f7a3d")
    scene.png = paper.png()
    return scene


def _roof(paper: Paper, x: float, y: float, chance: random.Random) -> list[Point]:
    wide, deep, lean = chance.uniform(90, 130), chance.uniform(70, 100), chance.uniform(-14, 14)
    corners = [(x, y + 12), (x + wide, y + 12 + lean), (x + wide - lean, y + 12 + deep + lean), (x - lean, y + 12 + deep)]
    colour, dark = chance.choice([("#a5523c", "#8c4431"), ("#6b5b53", "#594b44"), ("#9a8f86", "#847a72")])
    paper.shape(corners, colour)
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = corners
    left, right = ((ax + dx) / 2, (ay + dy) / 2), ((bx + cx) / 2, (by + cy) / 2)
    paper.shape([left, right, corners[2], corners[3]], dark)
    paper.line([left, right], "#3d322d", 2)
    return corners


def _pond(paper: Paper, x: float, y: float, chance: random.Random) -> list[Point]:
    from math import cos, pi, sin

    wide, deep = chance.uniform(50, 66), chance.uniform(34, 46)
    reach = [chance.uniform(0.85, 1.1) for _ in range(12)]
    points = [(x + 66 + wide * r * cos(n * pi / 6), y + 60 + deep * r * sin(n * pi / 6)) for n, r in enumerate(reach)]
    paper.shape(points, "#4b86a8")
    paper.oval(x + 44, y + 44, 18, 10, "#7fb0cb")
    return points


def _per_cent(points: list[Point]) -> list[Point]:
    return [(round(100 * x / WIDTH, 2), round(100 * y / HEIGHT, 2)) for x, y in points]


# ---- birds on wires: a number ----


def birds(seed: int) -> Scene:
    """Birds on three wires, to be counted."""
    chance, paper, scene = random.Random(seed), Paper("#dfe7ea", 480, 300), Scene()
    paper.box(0, 262, 480, 38, "#77856a")
    for post in (40, 430):
        paper.box(post, 40, 9, 230, "#5b4a3c")
    for wire in (80, 130, 180):
        paper.line([(0, wire), (240, wire + 12), (480, wire)], "#3a3f42", 2)
        places = sorted(chance.sample(range(70, 410, 34), chance.randint(1, 6)))
        for x in places:
            y = wire + 12 - abs(x - 240) / 20 - 20
            paper.oval(x, y, 20, 17, "#23282b")
            paper.oval(x + 12, y - 7, 12, 12, "#23282b")
            paper.shape([(x + 23, y - 3), (x + 30, y), (x + 23, y + 3)], "#d08a2c")
            paper.shape([(x + 2, y + 6), (x - 10, y + 16), (x + 4, y + 14)], "#23282b")
        scene.count += len(places)
    scene.png = paper.png()
    return scene


# ---- a lake on a map: a mask ----


def lake(seed: int) -> Scene:
    """A lake among fields as a satellite sees it, with the pixels that are water."""
    import numpy as np
    from PIL import Image

    width, height = 320, 200
    numbers = np.random.default_rng(seed)
    rows, columns = np.mgrid[0:height, 0:width]

    def waves(n: int) -> Any:
        total = np.zeros((height, width))
        for size in range(1, n + 1):
            a, b = numbers.uniform(-0.03, 0.03, 2) * size
            total += np.sin(columns * a + rows * b + numbers.uniform(0, 6.3)) / size
        return total

    centre_x, centre_y = numbers.uniform(120, 200), numbers.uniform(80, 120)
    far = np.hypot((columns - centre_x) / numbers.uniform(80, 110), (rows - centre_y) / numbers.uniform(50, 70))
    water = far + 0.12 * waves(5) < 1
    grain = numbers.normal(0, 5, (height, width))
    fields = (np.floor(columns / 46 + waves(2)) + np.floor(rows / 38)) % 3
    land = np.stack([104 + 26 * fields + grain, 128 + 12 * fields + grain, 74 + 10 * fields + grain], axis=-1)
    depth = np.clip(1 - far, 0, 1)
    lake_ = np.stack([44 - 20 * depth + grain / 2, 84 - 30 * depth + grain / 2, 110 - 20 * depth + grain / 2], axis=-1)
    picture = np.where(water[..., None], lake_, land).clip(0, 255).astype("uint8")
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "PNG", optimize=True)
    return Scene(png=buffer.getvalue(), mask=water)
