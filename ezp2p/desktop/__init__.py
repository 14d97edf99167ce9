"""The only place that knows the operating system: one folder per capability."""
