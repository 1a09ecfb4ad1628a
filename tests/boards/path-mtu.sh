# A router behind the board has a narrow link: what it says of that belongs to connections, and comes
# in. Without it large packets would vanish.
C=${B/-b-/-c-}
ip netns add "$C"
trap 'ip netns delete "$C" || true; ip -n "$B" link delete narrow || true; strike' EXIT
ip -n "$B" link add narrow type veth peer name eth0 netns "$C"
ip -n "$B" address add 10.9.1.1/24 dev narrow
ip -n "$B" address add fd0a::1/64 dev narrow nodad
ip -n "$B" link set narrow mtu 1300 up
in_b sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward; echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
ip -n "$C" address add 10.9.1.2/24 dev eth0
ip -n "$C" address add fd0a::2/64 dev eth0 nodad
ip -n "$C" link set eth0 up
ip -n "$C" route add default via 10.9.1.1
ip -n "$C" route add default via fd0a::1
# It takes as much at once as the one that it stands behind.
in_b cat /proc/sys/net/ipv4/tcp_rmem | ip netns exec "$C" sh -c 'cat >/proc/sys/net/ipv4/tcp_rmem'
ip -n "$A" route replace 10.9.1.0/24 via 10.9.0.2
ip -n "$A" route replace fd0a::/64 via fd09::2

# told ADDRESS WORDS: ping is told that its packet is too long.
told() {
    local report
    report=$(in_a ping -c 3 -i 0.2 -W 1 -M do -s 1400 "$1") || true
    [[ $report == *"$2"* ]] || fail "$report"
}
told 10.9.1.2 'Frag needed and DF set (mtu = 1300)'
told fd0a::2 'Packet too big: mtu=1300'

# TCP learns it from the first long segment, not from pings before it.
ip -n "$A" route flush cache
ip -n "$A" -6 route flush cache
ip netns exec "$C" iperf3 --server >/dev/null &
listens "$C" tcp 5201
for address in 10.9.1.2 fd0a::2; do
    timeout 20 ip netns exec "$A" iperf3 --client "$address" --bytes 500K || fail "$address: no end"
done
