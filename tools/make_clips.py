"""Make the demo's video clips and telephone calls anew: `python tools/make_clips.py` (needs ffmpeg and flite, which nothing else does).

The pictures are drawn by `simulation/clips.py`; the voices are flite's own (slt, rms, awb; free for any use). Writes to `simulation/media/`.
"""

import io
import json
import random
import subprocess
import sys
import tempfile
import wave
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from simulation.clips import CALLS, CROSSINGS, FRAMES, FRAMES_PER_SECOND, HEIGHT, MEDIA, WIDTH, crossing

RATE = 16_000
PAUSE = 0.45  # seconds between turns
AGENT, CALLER = "slt", {"appointment": "rms", "results": "awb", "prescription": "rms"}
SCRIPTS = {
    "appointment": [
        ("Agent", "Harbour clinic, good morning. How can I help you?"),
        ("Caller", "I would like to move my appointment from Tuesday to Friday."),
        ("Noise", ""),
        ("Agent", "Friday at ten past nine is free."),
        ("Caller", "That is perfect, thank you."),
    ],
    "results": [
        ("Agent", "Harbour clinic, good afternoon."),
        ("Noise", ""),
        ("Caller", "Hello. Are the results of my blood test back?"),
        ("Agent", "They came this morning. The doctor will call you before six."),
    ],
    "prescription": [
        ("Agent", "Harbour clinic, what can I do for you?"),
        ("Caller", "I have run out of my inhaler and I am travelling tomorrow."),
        ("Agent", "You can collect a new prescription at the desk today."),
        ("Noise", ""),
    ],
}


def film(n: int) -> None:
    """Draw and encode the n-th crossing."""
    command = [
        *("ffmpeg", "-y", "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}"),
        *("-r", str(FRAMES_PER_SECOND), "-i", "-", "-c:v", "libvpx-vp9", "-crf", "40", "-b:v", "0", "-g", "12"),
        *("-pix_fmt", "yuv420p", "-map_metadata", "-1", "-fflags", "+bitexact", str(MEDIA / f"crossing-{n}.webm")),
    ]
    frames = b"".join(crossing(n).draw(frame).tobytes() for frame in range(1, FRAMES + 1))
    subprocess.run(command, input=frames, check=True)


def spoken(text: str, voice: str) -> bytes:
    """The samples of a sentence."""
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        subprocess.run(["flite", "-voice", voice, "-t", text, "-o", file.name], check=True)
        with wave.open(file.name) as sound:
            assert (sound.getframerate(), sound.getsampwidth(), sound.getnchannels()) == (RATE, 2, 1)
            samples: bytes = sound.readframes(sound.getnframes())
            return samples


def slam() -> bytes:
    """A door that falls shut: noise that dies away."""
    chance = random.Random(7)  # noqa: S311 - noise
    n = int(0.8 * RATE)
    samples = [int(chance.gauss(0, 9000) * (1 - k / n) ** 6) for k in range(n)]
    return b"".join(max(-32768, min(32767, s)).to_bytes(2, "little", signed=True) for s in samples)


def call(name: str) -> dict[str, Any]:
    """Speak and encode one call; who says what when."""
    samples, turns = b"\0\0" * int(0.3 * RATE), []
    for label, text in SCRIPTS[name]:
        part = slam() if label == "Noise" else spoken(text, AGENT if label == "Agent" else CALLER[name])
        start = len(samples) / 2 / RATE
        samples += part
        turns.append({"label": label, "start": round(start, 2), "end": round(len(samples) / 2 / RATE, 2), "text": text})
        samples += b"\0\0" * int(PAUSE * RATE)
    whole = io.BytesIO()
    with wave.open(whole, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(RATE)
        sound.writeframes(samples)
    target = str(MEDIA / f"{name}.ogg")
    encode = ["ffmpeg", "-y", "-loglevel", "error", "-i", "-", "-c:a", "libopus", "-b:a", "16k", "-map_metadata", "-1"]
    subprocess.run([*encode, "-fflags", "+bitexact", target], input=whole.getvalue(), check=True)
    return {"seconds": round(len(samples) / 2 / RATE, 2), "turns": turns}


if __name__ == "__main__":
    for n in CROSSINGS:
        film(n)
    (MEDIA / "calls.json").write_text(json.dumps({name: call(name) for name in CALLS}, indent=1) + "\n")
