"""What the showcase posts: a small batch of every type of task, with its own contents, guideline, truth and likely mistakes."""

from simulation.postings import answers, pictures, recordings, texts
from simulation.postings.posting import Entry, Item, Posting, Regions, chosen, region, spans

__all__ = ["Entry", "Item", "Posting", "Regions", "all_postings", "chosen", "region", "spans"]


def all_postings() -> list[Posting]:
    """Every posting, those about texts first; pictures are drawn now."""
    return [*texts.POSTINGS, *answers.POSTINGS, *pictures.postings(), *recordings.postings()]
