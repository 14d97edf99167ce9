"""Nouns without input or output: errors, clock, ids, texts. Standard library only."""
