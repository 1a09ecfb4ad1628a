# A wire is pulled out: nothing passes, and the board says so. It is plugged in again.
wire=$(tail -n 1 "$WIRES" | cut -d ' ' -f 1)
machine link "$wire" down
silent "$A" 10.9.0.2
logged 'eth1: link Down'
machine link "$wire" up
# The board looks at its links once a second.
goes_on
