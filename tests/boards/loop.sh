# Both ports are joined outside: what comes back is dropped, and when the loop is gone all is as before.
unjoin() {
    local netns
    for netns in "$A" "$B"; do
        ip -n "$netns" link delete joined || true
    done
    ip -n "$A" link delete to-b || true
}

ip -n "$A" link add to-b type veth peer name to-a netns "$B"
for netns in "$A" "$B"; do
    ip -n "$netns" link add joined type bridge
    ip -n "$netns" link set eth0 master joined
done
ip -n "$A" link set to-b master joined
ip -n "$B" link set to-a master joined
ip -n "$A" link set to-b up
ip -n "$B" link set to-a up
# The bridges themselves begin to speak, to everybody.
ip -n "$A" link set joined up
ip -n "$B" link set joined up
trap 'strike; unjoin' EXIT
sleep 2
unjoin
trap strike EXIT
# For a second the board still remembers who was heard at which port.
sleep 1.5
goes_on
