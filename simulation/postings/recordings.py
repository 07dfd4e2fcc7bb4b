"""Postings about sound and moving pictures: who speaks and what is said, where things move, what happens when."""

from simulation import clips
from simulation.clips import Call, Crossing
from simulation.postings.posting import Entry, Item, Posting, Regions, region

# ---- calls ----


def _heard(call: Call, turns: int | None = None) -> Regions:
    found = []
    for n, turn in enumerate(call.turns[:turns]):
        place = {"start": turn.start, "end": turn.end, "channel": 0}
        more = {"id": f"a{n}", "original_length": call.seconds}
        found.append(region("label", "audio", "labels", place | {"labels": [turn.label]}, **more))
        if turn.text:
            found.append(region("said", "audio", "textarea", place | {"text": [turn.text]}, **more))
    return found


def calls() -> Posting:
    """Segments of a telephone call, each with what is said."""
    known = clips.calls()
    return Posting(
        slug="calls",
        project="Clinic calls",
        name="Who speaks, and what do they say?",
        description="Mark who speaks when in a short telephone call, and write down what is said.",
        interface=(
            '<View><Labels name="label" toName="audio"><Label value="Agent" background="#0b6b4f" hotkey="1"/>'
            '<Label value="Caller" background="#1f5fa8" hotkey="2"/><Label value="Noise" background="#6b6b6b" hotkey="3"/></Labels>'
            '<Audio name="audio" value="$audio" zoom="true" hotkey="ctrl+enter"/>'
            '<TextArea name="said" toName="audio" perRegion="true" rows="2" editable="true" maxSubmissions="1" required="false"/></View>'
        ),
        entries=[
            Entry("Agent", "The person at the clinic.", "They greet with the name of the clinic."),
            Entry("Caller", "The person who calls."),
            Entry(
                "Noise",
                "A sound that is no speech and could disturb.",
                "Doors, coughs, music.",
                "Breathing, or a hum in the background.",
            ),
        ],
        items=[
            Item(
                f"call-{call.name}",
                {"audio": f"file:{call.name}.ogg"},
                _heard(call),
                _heard(call, 2),
                _heard(call, 1) if n == 1 else None,
            )
            for n, call in enumerate(known)
        ],
        seconds=240,
        cents=100,
        files={f"{call.name}.ogg": call.path.read_bytes() for call in known},
        overlap=2,
        settings={"lease_seconds": 2400},
    )


# ---- tracks ----


def _tracked(crossing: Crossing, *, every: int = 1) -> Regions:
    found = []
    for n, (label, places) in enumerate(crossing.tracks().items()):
        sequence = [
            {
                "frame": frame,
                "enabled": True,
                "rotation": 0,
                "x": box.x,
                "y": box.y,
                "width": box.width,
                "height": box.height,
                "time": round(frame / clips.FRAMES_PER_SECOND, 4),
            }
            for frame, box in places[::every]
        ]
        seconds = clips.FRAMES / clips.FRAMES_PER_SECOND
        value = {"framesCount": clips.FRAMES, "duration": seconds, "sequence": sequence, "labels": [label]}
        found.append(region("box", "video", "videorectangle", value, id=f"v{n}"))
    return found


def tracks() -> Posting:
    """Boxes that follow things through a clip."""
    known = {n: clips.crossing(n) for n in clips.CROSSINGS}
    return Posting(
        slug="tracks",
        project="Crossings, tracked",
        name="Follow the car and the bicycle",
        description="Follow a car and a bicycle through a six-second clip with boxes.",
        interface=(
            '<View><Labels name="label" toName="video"><Label value="Car" background="#b3261e" hotkey="1"/>'
            '<Label value="Bicycle" background="#1f5fa8" hotkey="2"/></Labels>'
            f'<Video name="video" value="$video" framerate="{clips.FRAMES_PER_SECOND}"/><VideoRectangle name="box" toName="video"/></View>'
        ),
        entries=[Entry("Car", "Any motor vehicle."), Entry("Bicycle", "A bicycle with its rider, in one box.")],
        items=[
            Item(
                f"clip-{n}",
                {"video": f"file:crossing-{n}.webm"},
                _tracked(one),
                _tracked(one, every=3),
                _tracked(one)[:1] if n == 2 else None,
            )
            for n, one in known.items()
        ],
        seconds=200,
        cents=84,
        files={f"crossing-{n}.webm": one.path.read_bytes() for n, one in known.items()},
        overlap=2,
        settings={"lease_seconds": 2400},
    )


# ---- a timeline ----


def _phases(crossing: Crossing, *, late: int = 0) -> Regions:
    return [
        region(
            "label",
            "video",
            "timelinelabels",
            {
                "ranges": [{"start": max(1, first + (late if n else 0)), "end": min(clips.FRAMES, last + (0 if n else late))}],
                "timelinelabels": [label],
            },
            id=f"t{n}",
        )
        for n, (label, first, last) in enumerate(crossing.phases())
    ]


def timeline() -> Posting:
    """Which frames show the car waiting, and which driving."""
    known = {n: clips.crossing(n) for n in clips.CROSSINGS}
    return Posting(
        slug="lights",
        project="Crossings, timed",
        name="When does the car wait?",
        description="Mark on a clip's timeline when the car waits and when it drives.",
        interface=(
            '<View><TimelineLabels name="label" toName="video"><Label value="Waits" background="#b3261e" hotkey="1"/>'
            '<Label value="Drives" background="#0b6b4f" hotkey="2"/></TimelineLabels>'
            f'<Video name="video" value="$video" framerate="{clips.FRAMES_PER_SECOND}"/></View>'
        ),
        entries=[
            Entry("Waits", "The car stands still.", "From the first frame to the last in which it does not move."),
            Entry("Drives", "The car moves.", "Also while it is only beginning to."),
        ],
        items=[
            Item(f"lights-{n}", {"video": f"file:crossing-{n}.webm"}, _phases(one), _phases(one, late=8))
            for n, one in known.items()
        ],
        seconds=50,
        cents=22,
        files={f"crossing-{n}.webm": one.path.read_bytes() for n, one in known.items()},
        overlap=2,
    )


def postings() -> list[Posting]:
    """All of them."""
    return [calls(), tracks(), timeline()]
