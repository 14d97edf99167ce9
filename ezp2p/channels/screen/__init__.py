"""The screen: what the customer's shows, on the counselor's canvas."""
