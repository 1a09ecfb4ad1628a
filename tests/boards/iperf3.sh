# TCP as fast as it goes, from inside to outside and back, for so many bytes: however long that takes.

# carry ADDRESS [OPTION]: bytes, and megabits a second, at the receiver. What is still on its way when
# the last is sent, iperf3 does not wait for.
carry() {
    in_a iperf3 --json --client "$1" --bytes "${BULK_MB}M" "${@:2}" >"$DIR/scene/report" \
        || cat "$DIR/scene/report" >&2
    # The last object is of all streams: what the receiver had.
    awk -F '[:,]' '/"sum_received"/ { is_sum = 1 }
        is_sum && /"bytes"/ { byte_count = $2 }
        is_sum && /"bits_per_second"/ { printf "%d %.1f\n", byte_count, $2 / 1e6; exit }' \
        "$DIR/scene/report"
}

in_b iperf3 --server >/dev/null &
listens "$B" tcp 5201
speeds=()
for address in "${OUTSIDE[@]}"; do
    for way in '' --reverse; do
        # shellcheck disable=SC2086
        read -r byte_count speed < <(carry "$address" $way) || true
        [ "${byte_count:-0}" -gt $((BULK_MB * 250000)) ] \
            || fail "$address $way: ${byte_count:-no} bytes came"
        speeds+=("${way:+back }$speed")
        awk "BEGIN { exit $speed < $BULK_MBIT }" \
            || fail "$address $way: $speed Mbit/s, and $BULK_MBIT are wanted"
    done
done
[ "$BULK_MBIT" = 0 ] || report "iperf3 Mbit/s: ${speeds[0]} and ${speeds[1]}" \
    "over IPv4, ${speeds[2]} and ${speeds[3]} over IPv6"
