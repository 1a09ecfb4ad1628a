# The chips at the ports do what no chip should, one fault after another, in the middle of traffic: the
# board starts them anew, counts each of the faults as what it is, and goes on.
declare -A expected
for port in eth0 eth1; do
    for counter in runt giant bad overrun transmit; do
        expected[$port $counter]=$(port_count $port $counter)
    done
done
for entry in "${FAULTS[@]}"; do
    read -r counter fault <<<"$entry"
    in_a ping -q -c 20 -i 0.05 -W 0.1 10.9.0.2 &
    for port in eth0 eth1; do
        # shellcheck disable=SC2086
        machine fault $port $fault
        expected[$port $counter]=$((expected[$port $counter] + 1))
        sleep 0.4
    done
    # Not every one is answered.
    wait $! || true
    goes_on
done
for which in "${!expected[@]}"; do
    read -r port counter <<<"$which"
    counts $port $counter "${expected[$which]}"
done
