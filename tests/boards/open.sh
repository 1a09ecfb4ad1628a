# The configuration is damaged, and the gateway fails open: everything passes.
says 'ERROR configuration: '
says 'WARN  boot: without rules, everything passes untracked$'
answers "$A" 10.9.0.2
pings "$A" 10.9.0.2
pings "$B" fd09::1
