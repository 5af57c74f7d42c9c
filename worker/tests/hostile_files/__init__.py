"""Seeded files that attack the decoders, and a program that keeps looking for more of them."""
