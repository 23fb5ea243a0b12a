"""Proofs: claims that hold for every order, crash and loss that the machine tries. See docs/proofs.md."""
