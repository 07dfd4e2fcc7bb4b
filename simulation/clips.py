"""The short video clips and telephone calls of the demo, and the truth of what happens in them.

The files lie in `simulation/media/`, made once by `tools/make_clips.py`; nothing has to be drawn or spoken when the demo runs.
"""

import json
import random
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulation.scenes import Box, Paper, bicycle, car

MEDIA = Path(__file__).parent / "media"
WIDTH, HEIGHT = 384, 216
FRAMES_PER_SECOND = 12
FRAMES = 72
KEYFRAME_EVERY = 12
CROSSINGS = (1, 2, 3)
CALLS = ("appointment", "results", "prescription")


@dataclass(frozen=True)
class Crossing:
    """A car waits at a red light and drives when it turns green, while a bicycle passes behind it. Frames count from 1."""

    number: int
    green_from: int
    paint: str
    bicycle_speed: float
    stops_at: float

    @property
    def path(self) -> Path:
        """The clip."""
        return MEDIA / f"crossing-{self.number}.webm"

    def draw(self, frame: int) -> Any:
        """That frame, as Pillow has it."""
        paper = Paper("#cfe4f2", WIDTH, HEIGHT)
        for n, tone in enumerate(("#d9b99b", "#b9c3c9", "#c98f7a", "#e3d7bd", "#b9c3c9")):
            paper.box(n * 80 - 6, 20 + n * 37 % 50, 74, 110, tone)
        paper.box(0, 100, WIDTH, 22, "#c4c1b8")
        paper.box(0, 122, WIDTH, 94, "#5b5f62")
        for n in range(7):
            paper.box(n * 62 - 10, 165, 32, 4, "#eceae0")
        paper.box(258, 126, 5, 88, "#eceae0")
        paper.box(272, 34, 5, 70, "#3a3f42")
        paper.box(265, 18, 19, 44, "#23282b", 4)
        green = frame >= self.green_from
        paper.oval(268, 22, 13, 13, "#5a2622" if green else "#ff4b3e")
        paper.oval(268, 44, 13, 13, "#4ee07c" if green else "#20452c")
        bicycle(paper, self.bicycle_x(frame), 150)
        car(paper, self.car_x(frame), 168, random.Random(0), self.paint)
        return paper.finished()

    def car_x(self, frame: int) -> float:
        """Where the car is, in pixels from the left: it speeds up evenly from the green light on."""
        driving = max(0, frame - self.green_from)
        return self.stops_at + 0.09 * driving * driving

    def bicycle_x(self, frame: int) -> float:
        """Where the bicycle is."""
        return 4 + self.bicycle_speed * frame

    def tracks(self) -> dict[str, list[tuple[int, Box]]]:
        """Label → (frame, place) at every keyframe at which the thing is wholly in the picture."""
        paper = Paper("#000000", WIDTH, HEIGHT)
        found: dict[str, list[tuple[int, Box]]] = {"Car": [], "Bicycle": []}
        for frame in (1, *range(KEYFRAME_EVERY, FRAMES + 1, KEYFRAME_EVERY)):
            if (x := self.car_x(frame)) + 104 <= WIDTH:
                found["Car"].append((frame, paper.part("Car", x, 168, 104, 42)))
            if (x := self.bicycle_x(frame)) >= 0 and x + 60 <= WIDTH:
                found["Bicycle"].append((frame, paper.part("Bicycle", x, 126, 60, 62)))
        return found

    def phases(self) -> list[tuple[str, int, int]]:
        """What the car does: label, first frame, last frame."""
        return [("Waits", 1, self.green_from - 1), ("Drives", self.green_from, FRAMES)]


def crossing(n: int) -> Crossing:
    """The n-th clip."""
    settings = [(30, "#b3261e", 3.4, 140), (44, "#1f5fa8", 4.6, 150), (20, "#c9871f", 2.8, 132)]
    return Crossing(n, *settings[n - 1])


@dataclass(frozen=True)
class Turn:
    """Someone speaks, or something makes a noise: from when to when in seconds, and what is said."""

    label: str
    start: float
    end: float
    text: str


@dataclass(frozen=True)
class Call:
    """A telephone call."""

    name: str
    seconds: float
    turns: list[Turn]

    @property
    def path(self) -> Path:
        """The recording."""
        return MEDIA / f"{self.name}.ogg"


def calls() -> list[Call]:
    """All calls, with who says what when, as noted down when they were made."""
    noted = json.loads((MEDIA / "calls.json").read_text())
    return [Call(name, one["seconds"], [Turn(**turn) for turn in one["turns"]]) for name, one in noted.items()]
