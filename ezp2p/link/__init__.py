"""The encrypted connection between two programs: QUIC above, paths below."""
