"""Windows and pages for people; Python holds the truth, the pages show it."""
