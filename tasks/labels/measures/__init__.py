"""The arithmetic of comparing: pure, one file per kind of thing compared, each with its source."""
