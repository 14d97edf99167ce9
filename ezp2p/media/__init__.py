"""Pictures and sound as data; no screen, no socket."""
