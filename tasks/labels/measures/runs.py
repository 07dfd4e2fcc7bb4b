"""Masks as runs: start and length of each stretch of painted pixels, row after row. Nothing here ever makes the picture.

Label Studio packs a mask as bits (thi.ng/rle-pack): 32 bits for how many numbers follow, 5 for their width − 1 (8 bits always), four times 4 for the
widths − 1 of lengths; then stretches, each a bit (1: one number repeated, 0: that many numbers), 2 bits that choose a width, a
length − 1, and the number or numbers. The numbers are red, green, blue, alpha of pixel after pixel; painted is what has alpha.
"""

import re
import struct
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    from numpy.typing import NDArray

from foundation.errors import Invalid

CHANNELS = 4
WORD = 8  # bits of a number
HEAD_BITS = 32 + 5 + 4 * 4
EIGHT_BYTES = struct.Struct(
    ">Q"
)  # more than the bits of a stretch that are read at once: 3, a length of at most 16, a number of 8
BATCH = 100  # stretches that are paid for together
PAINTED = re.compile(rb"[^\0]+")
PIXELS_MAX = 100_000_000
RUNS_MAX = 200_000  # of one mask
FEW = 100  # runs, up to which a plain walk is faster than numpy

Runs = list[tuple[int, int]]  # start, length: ordered, never touching
Painted: TypeAlias = "Sequence[Sequence[int]] | NDArray[Any]"  # runs, plain or as an array


class Unreadable(Invalid):
    """Bytes that are no mask of that size."""

    code = "unreadable_mask"
    message = "This is no mask of that size."


def unpacked(data: Sequence[int], *, width: int, height: int, spend: Callable[[int], None] = lambda steps: None) -> Runs:
    """The runs of a packed mask. Time and memory go with the bytes and the stretches, not with the pixels; `spend` is told of the stretches
    before they are read, a hundred at a time, and may refuse. Raises Unreadable, and what `spend` raises.
    """
    pixels = width * height
    if not 0 < pixels <= PIXELS_MAX:
        raise Unreadable("A mask has at most %(limit)s pixels.", limit=PIXELS_MAX)
    try:
        packed = bytes(data)
    except (ValueError, TypeError) as error:
        raise Unreadable("A mask is a list of bytes, numbers from 0 to 255.") from error
    if int.from_bytes(packed[:4], "big") != pixels * CHANNELS:
        raise Unreadable("The mask is of another size than the image.")
    return _joined(_painted(packed, pixels * CHANNELS, spend))


def _painted(data: bytes, count: int, spend: Callable[[int], None]) -> Iterator[tuple[int, int]]:
    """Stretches of pixels with alpha, in order; those that follow on each other are not yet one."""
    bits = len(data) * 8
    head = int.from_bytes(data[4:8].ljust(4, b"\0"), "big")
    if bits < HEAD_BITS:
        raise Unreadable("The mask ends too early.")
    if head >> 27 != WORD - 1:
        raise Unreadable("A mask packs numbers of %(bits)s bits, as the editor does.", bits=WORD)
    widths = [(head >> shift & 15) + 1 for shift in (23, 19, 15, 11)]
    data += bytes(8)  # so that the last stretch may be read like every other
    at, bit, paid = 0, HEAD_BITS, 0
    while at < count:
        if not paid:
            spend(BATCH)
            paid = BATCH
        paid -= 1
        (window,) = EIGHT_BYTES.unpack_from(data, bit >> 3)
        top = 64 - (bit & 7)  # bits of the window that are still to be read
        size = widths[window >> top - 3 & 3]
        length = (window >> top - 3 - size & (1 << size) - 1) + 1
        bit += 3 + size
        until = at + length
        if until > count:
            raise Unreadable("The mask is longer than it says.")
        if window >> top - 1 & 1:  # one number, that often
            bit += WORD
            if bit > bits:
                raise Unreadable("The mask ends too early.")
            if window >> top - 3 - size - WORD & 255:  # the pixels whose alpha, the last of four numbers, lies in this stretch
                start, end = at // CHANNELS, until // CHANNELS
                if end > start:
                    yield start, end - start
        else:
            alphas = _numbers(data, bit, length)[CHANNELS - 1 - at % CHANNELS :: CHANNELS]
            bit += length * WORD
            if bit > bits:
                raise Unreadable("The mask ends too early.")
            for found in PAINTED.finditer(alphas):
                yield at // CHANNELS + found.start(), found.end() - found.start()
        at = until


def _numbers(data: bytes, bit: int, count: int) -> bytes:
    """That many numbers of 8 bits, from that bit on."""
    first, last = bit >> 3, (bit + count * WORD + 7) >> 3
    spare = (last << 3) - bit - count * WORD
    return (int.from_bytes(data[first:last], "big") >> spare & (1 << count * WORD) - 1).to_bytes(count, "big")


def _joined(stretches: Iterator[tuple[int, int]]) -> Runs:
    runs: Runs = []
    for start, length in stretches:
        if runs and sum(runs[-1]) == start:
            runs[-1] = (runs[-1][0], runs[-1][1] + length)
        else:
            runs.append((start, length))
            if len(runs) > RUNS_MAX:
                raise Unreadable("A mask has at most %(limit)s runs.", limit=RUNS_MAX)
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


def area(runs: "Painted") -> int:
    """How many pixels are painted."""
    return sum(length for _, length in runs)


def common(a: "Painted", b: "Painted") -> int:
    """How many pixels both paint."""
    if len(a) + len(b) > FEW:
        return _common_of_many(as_array(a), as_array(b))
    i = j = found = 0
    while i < len(a) and j < len(b):
        end_a, end_b = a[i][0] + a[i][1], b[j][0] + b[j][1]
        found += max(0, min(end_a, end_b) - max(a[i][0], b[j][0]))
        if end_a <= end_b:
            i += 1
        else:
            j += 1
    return found


def _common_of_many(a: "NDArray[Any]", b: "NDArray[Any]") -> int:
    """The same, all runs at once: what `b` paints before each end of a run of `a`, less what it paints before its start."""
    import numpy as np

    if not len(a) or not len(b):
        return 0
    before = np.concatenate([[0], b[:, 1].cumsum()])  # painted by the runs before the n-th

    def painted(until: "NDArray[Any]") -> Any:
        n = np.searchsorted(b[:, 0], until, side="right")  # runs that begin up to there; the last of them may go on
        last = np.maximum(n - 1, 0)
        return before[n] - np.where(n > 0, np.maximum(b[last, 0] + b[last, 1] - until, 0), 0)

    return int((painted(a[:, 0] + a[:, 1]) - painted(a[:, 0])).sum())


def iou(a: "Painted", b: "Painted") -> float:
    """Intersection over union of the painted pixels (Jaccard 1901); 1 for two empty masks."""
    if len(a) + len(b) > FEW:
        a, b = as_array(a), as_array(b)
        both, either = _common_of_many(a, b), int(a[:, 1].sum() + b[:, 1].sum())
    else:
        both, either = common(a, b), area(a) + area(b)
    return both / (either - both) if either else 1.0


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
    if sum(map(len, masks)) <= FEW:
        return voted(masks, more_than=0)
    return as_runs(united([as_array(runs) for runs in masks]))


def united(masks: Sequence["NDArray[Any]"]) -> "NDArray[Any]":
    """The same, of arrays, as an array: none of its runs touch."""
    import numpy as np

    runs = np.concatenate(masks)
    if not len(runs):
        return runs
    runs = runs[runs[:, 0].argsort(kind="stable")]
    reached = np.maximum.accumulate(runs[:, 0] + runs[:, 1])
    first = np.concatenate([[True], runs[1:, 0] > reached[:-1]])  # nothing before it touches it
    starts, ends = runs[first, 0], reached[np.concatenate([first[1:], [True]])]
    return np.column_stack([starts, ends - starts])


def as_array(runs: "Painted") -> "NDArray[Any]":
    """Runs as an array of shape (runs, 2): start and length."""
    import numpy as np

    return np.asarray(runs, dtype=np.int64).reshape(-1, 2)


def as_runs(runs: "NDArray[Any]") -> Runs:
    """Such an array as plain runs."""
    return [(start, length) for start, length in runs.tolist()]
