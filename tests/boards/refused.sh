# What outside was not asked for is the first packet of nothing.
source "$here/unasked.sh"
logged 'packet eth1 [0-9]+ NEW filter'
not_logged '\[NEW\] tcp .* dport=8001'
