# The configuration is damaged, and the gateway fails closed: nothing passes.
says 'ERROR configuration: '
says 'WARN  boot: without rules, nothing passes$'
silent "$A" 10.9.0.2
silent "$B" fd09::1
# It came in, and stayed there.
logged 'eth0: link Up, .* 0 forwarded, dropped: [1-9][0-9]* closed'
