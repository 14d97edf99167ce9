"""The server of a company: accounts, waiting slots, signalling, relay."""
