"""Boxes that move through a video: `VideoRectangle`. Between two keyframes a box moves evenly; a keyframe that is not enabled ends it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tasks.labels.boxes import DIGITS, PERCENT, SLACK, Drawn
from tasks.labels.effort import NUMBER
from tasks.labels.family import Region
from tasks.labels.measures import overlap
from tasks.labels.timeline import FRAMES_MAX

if TYPE_CHECKING:
    from numpy.typing import NDArray

KEYFRAMES_MAX = 5_000  # of one track
KEYFRAME = 7 * NUMBER  # steps: of one keyframe
PAIRS_COMPARED_MAX = 40_000  # of the tracks of two answers: 200 with 200
SAMPLES_MAX = 1_000  # frames at which two tracks are compared: all of them, or that many evenly spread
SAMPLES_TOGETHER_MAX = 10_000_000  # of all pairs of tracks that are compared: of very many tracks, each pair at fewer frames
SAMPLES_MIN = 100
NUMBERS = ("x", "y", "width", "height")


@dataclass(frozen=True)
class Tracks(Drawn):
    """Canonical form of a region: keyframes in order (frame, x, y, width, height, enabled, and rotation where there is one), frames (of the
    whole video, where known), labels.
    """

    result_type: str = "videorectangle"
    value_key: str = "labels"

    def shape(self, region: Region) -> dict[str, Any]:
        """The track. Raises AnswerInvalid for none or too many keyframes, two of one frame, frames beyond the video, boxes beyond the picture."""
        sequence, where = region.value.get("sequence"), region.at("sequence")
        if not isinstance(sequence, list) or not 1 <= len(sequence) <= KEYFRAMES_MAX:
            got = len(sequence) if isinstance(sequence, list) else 0
            raise self.refuse(where, "A track has at least one keyframe.", limit=KEYFRAMES_MAX, got=got)
        self.spend(region, KEYFRAME * len(sequence), where)
        count = region.value.get("framesCount")
        if count is not None and (isinstance(count, bool) or not isinstance(count, int) or not 1 <= count <= FRAMES_MAX):
            raise self.refuse(region.at("framesCount"), "A video has a number of frames.", limit=FRAMES_MAX, got=str(count)[:40])
        last = count or FRAMES_MAX
        keyframes = [self._keyframe(region, one, f"{where}[{index}]", last) for index, one in enumerate(sequence)]
        keyframes.sort(key=lambda one: one["frame"])
        for one, other in zip(keyframes, keyframes[1:], strict=False):
            if one["frame"] == other["frame"]:
                raise self.refuse(where, "Two keyframes stand at the same frame.", got=one["frame"])
        return {"keyframes": keyframes} | ({"frames": count} if count else {})

    def _keyframe(self, region: Region, one: Any, where: str, last: int) -> dict[str, Any]:
        if not isinstance(one, dict):
            raise self.refuse(where, "A keyframe is an object of frame, x, y, width, height and enabled.")
        frame = self.number(region, "frame", least=1, most=last, source=one, place=f"{where}.frame")
        if frame != int(frame):
            raise self.refuse(f"{where}.frame", "Frames are whole numbers.", got=frame)
        box = {
            name: self.number(region, name, least=-SLACK, most=PERCENT + SLACK, source=one, place=f"{where}.{name}")
            for name in NUMBERS
        }
        turned = (
            self.number(region, "rotation", least=-3600, most=3600, source=one, place=f"{where}.rotation")
            if one.get("rotation")
            else 0
        )
        for start, length in (("x", "width"), ("y", "height")):
            if box[length] <= 0 or not turned and box[start] + box[length] > PERCENT + SLACK:
                got = box[start] + box[length]
                raise self.refuse(
                    f"{where}.{length}", "The box reaches over the picture's edge, or is none.", limit=PERCENT, got=got
                )
        kept = {name: round(min(PERCENT, max(0.0, value)), DIGITS) for name, value in box.items()}
        return {"frame": int(frame), **kept, "enabled": one.get("enabled") is not False} | (
            {"rotation": turned % 360} if turned else {}
        )

    def overlaps(self, a: Sequence[Any], b: Sequence[Any]) -> overlap.Matrix:
        """Spatio-temporal intersection over union: boxes' intersections summed over frames, over their unions summed (Yang, Fan and Xu 2019).

        At every frame of the shorter videos, else at SAMPLES_MAX frames, of very many tracks fewer; turned boxes as if they were not.
        """
        import numpy as np

        if not a or not b:
            return np.zeros((len(a), len(b)))
        until = max(max(track.get("frames", 0), track["keyframes"][-1]["frame"]) for track in (*a, *b))
        pairs = min(len(a) * len(b), PAIRS_COMPARED_MAX)
        samples = max(SAMPLES_MIN, min(SAMPLES_MAX, SAMPLES_TOGETHER_MAX // pairs))
        frames = np.unique(np.linspace(1, until, min(until, samples)).round())
        left, right = ([boxes_at(track, frames, until) for track in tracks] for tracks in (a, b))
        return overlap.each_with_each(left, right, _iou, pairs_max=PAIRS_COMPARED_MAX)

    def place_of(self, canonical: Any) -> dict[str, Any]:
        """The track, as the editor writes it."""
        sequence = [{"rotation": 0, **one} for one in canonical["keyframes"]]
        return {"value": {"sequence": sequence} | ({"framesCount": canonical["frames"]} if "frames" in canonical else {})}

    def brief(self, region: Mapping[str, Any]) -> str:
        """Its first and last keyframe."""
        return f"{region['keyframes'][0]['frame']}-{region['keyframes'][-1]['frame']}"


def boxes_at(track: Mapping[str, Any], frames: "NDArray[Any]", until: int) -> "NDArray[Any]":
    """x, y, width, height at each of the frames, all 0 where the track is not there: before its first keyframe, and after one that is not
    enabled up to the next.
    """
    import numpy as np

    keyframes = track["keyframes"]
    at = [one["frame"] for one in keyframes]
    boxes = np.stack([np.interp(frames, at, [one[name] for one in keyframes]) for name in NUMBERS], axis=1)
    there = np.zeros(len(frames), dtype=bool)
    for one, after in zip(keyframes, [*at[1:], until + 1], strict=True):
        if one["enabled"]:
            there |= (frames >= one["frame"]) & (frames <= after)
        else:
            there |= frames == one["frame"]
    return boxes * there[:, None]


def _iou(a: "NDArray[Any]", b: "NDArray[Any]") -> float:
    import numpy as np

    width = np.minimum(a[:, 0] + a[:, 2], b[:, 0] + b[:, 2]) - np.maximum(a[:, 0], b[:, 0])
    height = np.minimum(a[:, 1] + a[:, 3], b[:, 1] + b[:, 3]) - np.maximum(a[:, 1], b[:, 1])
    common = np.clip(width, 0, None) * np.clip(height, 0, None)
    union = (a[:, 2] * a[:, 3] + b[:, 2] * b[:, 3] - common).sum()
    return min(1.0, float(common.sum() / union)) if union > 0 else 0.0
