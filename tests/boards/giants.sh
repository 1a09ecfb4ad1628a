# Frames longer than Ethernet's do not stop the others.
for netns in "$A" "$B"; do
    ip -n "$netns" link set eth0 mtu 4000
done
for payload_len in 1473 1600 1900 2100 3000; do
    in_a ping -q -c 3 -i 0.05 -W 1 -s $payload_len 10.9.0.2 || true
done
for netns in "$A" "$B"; do
    ip -n "$netns" link set eth0 mtu 1500
done
pings "$A" 10.9.0.2
pings "$A" fd09::2
