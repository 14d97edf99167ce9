"""The composition root: reads the command line, builds the objects, owns threads and loop."""
