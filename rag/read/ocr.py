"""placeholder"""

MAX_PAGES = 1_000
