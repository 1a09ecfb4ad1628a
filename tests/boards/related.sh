# What a router outside says of a connection is RELATED to it, in both families.
source "$here/path-mtu.sh"
logged 'packet eth1 [0-9]+ RELATED accept'
