"""Proofs: claims about every order, every crash and every loss, tried by machine. See docs/proofs.md."""
