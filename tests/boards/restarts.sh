# The processor stands still until the watchdog bites, and later it faults: the board starts anew by
# itself, its log says why and where, and it carries frames by its rules as before.
machine hang
logged ' reset: watchdog$'
goes_on
machine crash
logged ' reset: fault at 0x100[0-9a-f]{5}$'
goes_on
