"""This machine's own small documents: settings, recent companies, the logs of sessions."""
