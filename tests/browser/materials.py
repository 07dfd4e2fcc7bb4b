"""What the tests show people: a picture, a sound and a film, made here or in the demo's own folder, none of them large."""

import io
import math
import struct
import wave
from pathlib import Path

from PIL import Image, ImageDraw

WIDTH, HEIGHT = 480, 300
FILM = Path(__file__).parents[2] / "simulation" / "media" / "crossing-1.webm"
FILM_FRAMES = 72
SECONDS = 4


def picture() -> bytes:
    """A car on a road under a sun: PNG."""
    image = Image.new("RGB", (WIDTH, HEIGHT), "#bfe3ff")
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 220, WIDTH, HEIGHT), fill="#555555")
    draw.ellipse((380, 20, 440, 80), fill="#ffd700")
    draw.rectangle((60, 170, 180, 230), fill="#cc2222")
    draw.polygon([(260, 220), (290, 120), (320, 220)], fill="#117733")
    return _bytes(image)


def _bytes(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG")
    return file.getvalue()


def sound() -> bytes:
    """A tone that swells and falls: WAV, mono, 8 kHz."""
    rate = 8_000
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(rate)
        samples = (int(12_000 * math.sin(n / 6) * math.sin(math.pi * n / rate / SECONDS)) for n in range(rate * SECONDS))
        out.writeframes(b"".join(struct.pack("<h", sample) for sample in samples))
    return file.getvalue()
