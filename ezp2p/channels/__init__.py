"""One feature each, as two ends that know no socket, no session and not each other."""
