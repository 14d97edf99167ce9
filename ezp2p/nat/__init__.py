"""Reachability: where datagrams can go, and which way is best. No socket lives here."""
