"""Real images with real truth that come along: scikit-learn's handwritten digits, drawn as PNG data URIs."""

import base64
import io
from dataclasses import dataclass

SCALE = 12  # pixels per pixel of the 8 × 8 originals


@dataclass(frozen=True)
class Digit:
    """One image and what it shows."""

    key: str
    image: str  # data:image/png;base64,…
    truth: str


def digits(n: int) -> list[Digit]:
    """The first n digits of the data set (1,797 in all), enlarged, black on white."""
    from PIL import Image
    from sklearn.datasets import load_digits

    data = load_digits()
    found = []
    for index in range(n):
        grey = (255 - data.images[index] * 255 / 16).astype("uint8")
        picture = Image.fromarray(grey, mode="L").resize((8 * SCALE, 8 * SCALE), Image.Resampling.BICUBIC)
        buffer = io.BytesIO()
        picture.save(buffer, "PNG", optimize=True)
        encoded = base64.b64encode(buffer.getvalue()).decode()
        found.append(Digit(f"digit-{index:04d}", f"data:image/png;base64,{encoded}", str(data.target[index])))
    return found
