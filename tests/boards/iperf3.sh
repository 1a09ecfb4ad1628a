# TCP as fast as it goes, from inside to outside and back, for so many bytes: however long that takes.

# arrived ADDRESS [OPTION]: bytes. What is still on its way when the last is sent, iperf3 does not wait
# for.
arrived() {
    in_a iperf3 --json --client "$1" --bytes 8M "${@:2}" >"$DIR/scene/report" \
        || cat "$DIR/scene/report" >&2
    # The last object is of all streams: what the receiver had.
    sed -n '/"sum_received"/,$s/.*"bytes":[[:space:]]*\([0-9]*\),.*/\1/p' "$DIR/scene/report" | head -n 1
}

in_b iperf3 --server >/dev/null &
listens "$B" tcp 5201
for address in "${OUTSIDE[@]}"; do
    for way in '' --reverse; do
        # shellcheck disable=SC2086
        bytes=$(arrived "$address" $way)
        [ "${bytes:-0}" -gt 2000000 ] || fail "$address $way: ${bytes:-no} bytes came"
    done
done
