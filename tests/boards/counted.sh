# What the scenes before this one were not let do stands in the board's status.
logged 'eth1: .* [1-9][0-9]* filter, '
logged 'eth[01]: .* [1-9][0-9]* looped, '
# Another emulator refuses frames that are too long itself, and tells nobody.
[ "$BOARD" != mps2-an385 ] || logged 'eth0: refused by the port: .* [1-9][0-9]* giant, '
