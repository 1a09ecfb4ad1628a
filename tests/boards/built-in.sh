# The configuration is damaged, and the gateway takes the built-in rules for it.
says 'ERROR configuration: '
says 'WARN  built-in rules$'
answers "$A" 10.9.0.2
pings "$A" 10.9.0.2
silent "$B" fd09::1
