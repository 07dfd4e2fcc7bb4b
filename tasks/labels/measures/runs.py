"""Masks as runs: start and length of each stretch of painted pixels, row after row. Nothing here ever makes the picture.

Label Studio packs a mask as bits (thi.ng/rle-pack): 32 bits for how many numbers follow, 5 for their width − 1, four times 4 for the
widths − 1 of lengths; then stretches, each a bit (1: one number repeated, 0: that many numbers), 2 bits that choose a width, a
length − 1, and the number or numbers. The numbers are red, green, blue, alpha of pixel after pixel; painted is what has alpha.
"""

from collections.abc import Iterator, Sequence

CHANNELS = 4
PIXELS_MAX = 100_000_000
RUNS_MAX = 200_000  # of one mask

Runs = list[tuple[int, int]]  # start, length: ordered, never touching


class Unreadable(ValueError):
    """Bytes that are no mask of that size."""


class _Bits:
    """A stream of bits, the highest of each byte first."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def read(self, count: int) -> int:
        first, last = self.at >> 3, (self.at + count + 7) >> 3
        if last > len(self.data):
            raise Unreadable("The mask ends too early.")
        spare = (last << 3) - self.at - count
        self.at += count
        return (int.from_bytes(self.data[first:last], "big") >> spare) & ((1 << count) - 1)


def unpacked(data: Sequence[int], *, width: int, height: int) -> Runs:
    """The runs of a packed mask. Time and memory go with the bytes, not with the pixels. Raises Unreadable."""
    pixels = width * height
    if not 0 < pixels <= PIXELS_MAX:
        raise Unreadable(f"A mask has at most {PIXELS_MAX} pixels.")
    try:
        bits = _Bits(bytes(data))
    except (ValueError, TypeError) as error:
        raise Unreadable("A mask is a list of bytes, numbers from 0 to 255.") from error
    if bits.read(32) != pixels * CHANNELS:
        raise Unreadable("The mask is of another size than the image.")
    return _joined(_painted(bits, pixels * CHANNELS))


def _painted(bits: _Bits, count: int) -> Iterator[tuple[int, int]]:
    """Stretches of pixels with alpha, in order; those that follow on each other are not yet one."""
    word = bits.read(5) + 1
    widths = [bits.read(4) + 1 for _ in range(4)]
    at = 0
    while at < count:
        same = bits.read(1)
        until = at + 1 + bits.read(widths[bits.read(2)])
        if until > count:
            raise Unreadable("The mask is longer than it says.")
        if same:
            if bits.read(word):  # the pixels whose alpha, the last of four numbers, lies in this stretch
                first, last = at // CHANNELS, until // CHANNELS
                if last > first:
                    yield first, last - first
            at = until
            continue
        for place in range(at, until):
            if bits.read(word) and place % CHANNELS == CHANNELS - 1:
                yield place // CHANNELS, 1
        at = until


def _joined(stretches: Iterator[tuple[int, int]]) -> Runs:
    runs: Runs = []
    for start, length in stretches:
        if runs and sum(runs[-1]) == start:
            runs[-1] = (runs[-1][0], runs[-1][1] + length)
        else:
            runs.append((start, length))
            if len(runs) > RUNS_MAX:
                raise Unreadable(f"A mask has at most {RUNS_MAX} runs.")
    return runs


def packed(runs: Sequence[Sequence[int]], *, width: int, height: int) -> list[int]:
    """The mask as Label Studio packs it: painted pixels opaque white, the rest nothing. Read again it is the same runs."""
    total = width * height
    bits: list[str] = [f"{total * CHANNELS:032b}", f"{7:05b}", *(f"{size - 1:04b}" for size in (3, 4, 8, 16))]
    at = 0
    for start, length in [*runs, (total, 0)]:
        bits += _stretch(0, (start - at) * CHANNELS)
        bits += _stretch(255, length * CHANNELS)
        at = start + length
    text = "".join(bits)
    text += "0" * (-len(text) % 8)
    return list(int(text, 2).to_bytes(len(text) // 8, "big"))


def _stretch(value: int, count: int) -> Iterator[str]:
    while count > 0:
        part = min(count, 1 << 16)
        choice = next(n for n, size in enumerate((3, 4, 8, 16)) if part <= 1 << size)
        size = (3, 4, 8, 16)[choice]
        yield f"1{choice:02b}{part - 1:0{size}b}{value:08b}"
        count -= part


def area(runs: Sequence[Sequence[int]]) -> int:
    """How many pixels are painted."""
    return sum(length for _, length in runs)


def common(a: Sequence[Sequence[int]], b: Sequence[Sequence[int]]) -> int:
    """How many pixels both paint: one walk along both."""
    i = j = found = 0
    while i < len(a) and j < len(b):
        end_a, end_b = a[i][0] + a[i][1], b[j][0] + b[j][1]
        found += max(0, min(end_a, end_b) - max(a[i][0], b[j][0]))
        if end_a <= end_b:
            i += 1
        else:
            j += 1
    return found


def iou(a: Sequence[Sequence[int]], b: Sequence[Sequence[int]]) -> float:
    """Intersection over union of the painted pixels (Jaccard 1901); 1 for two empty masks."""
    both = common(a, b)
    either = area(a) + area(b) - both
    return both / either if either else 1.0


def voted(masks: Sequence[Sequence[Sequence[int]]], *, more_than: float) -> Runs:
    """The pixels that more than that many of the masks paint: one walk along the edges of all."""
    edges = sorted((at, step) for runs in masks for start, length in runs for at, step in ((start, 1), (start + length, -1)))
    runs: Runs = []
    depth, since = 0, -1
    for n, (at, step) in enumerate(edges):
        depth += step
        if n + 1 < len(edges) and edges[n + 1][0] == at:
            continue
        if depth > more_than and since < 0:
            since = at
        elif depth <= more_than and since >= 0:
            runs.append((since, at - since))
            since = -1
    return runs


def union(masks: Sequence[Sequence[Sequence[int]]]) -> Runs:
    """The pixels that any of the masks paints."""
    return voted(masks, more_than=0)
