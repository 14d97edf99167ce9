"""Remote help by an access code: one program for customers, counselors and companies."""

__version__ = "0.1.0"
