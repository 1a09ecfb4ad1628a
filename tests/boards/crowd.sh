# More clients, of both families, than fit into a table of 512: what is reserved for ssh stays for ssh.

# opens ADDRESS PORT
opens() {
    in_a timeout 5 bash -c ": <>/dev/tcp/$1/$2"
}

ulimit -n 8192
in_b "$CROWD" serve 9000 22 &
listens "$B" tcp 9000
listens "$B" tcp 22
answers "$A" 10.9.0.2
in_a "$CROWD" open "$CROWD_SIZE" 9000 "${OUTSIDE[@]}" >"$DIR/scene/crowd" &
logged 'nf_conntrack: table full, dropping packet'
for _ in $(seq $PATIENCE); do
    [ -s "$DIR/scene/crowd" ] && break
    sleep 1
done
read -r opened _ <"$DIR/scene/crowd"
[ "$opened" -ge 450 ] && [ "$opened" -le 496 ] || fail "$opened of 496 slots found a client"
for address in "${OUTSIDE[@]}"; do
    for _ in 1 2 3; do
        opens "$address" 22 || fail "ssh at $address does not get in"
    done
    ! opens "$address" 9000 || fail "one more client at $address got in"
done
# A line a second, and how many it speaks for.
logged 'net_ratelimit: [0-9]+ callbacks suppressed'
