# From here on nobody sends TCP faster than a board can tell of each frame: with every frame in its log,
# it is the log that takes the time.
for netns in "$A" "$B"; do
    ip netns exec "$netns" sh -c 'echo 4096 8192 8192 >/proc/sys/net/ipv4/tcp_rmem'
done
