"""The counselor's mouse and keyboard at the customer's machine, as far as the customer allows."""
