# A chip is not there any more, or talks nonsense, until all is well again: nothing passes meanwhile, and
# all does then.
before=("$(port_count eth0 bad)" "$(port_count eth1 bad)")
for fault in "${LASTING_FAULTS[@]}"; do
    for port in eth0 eth1; do
        # shellcheck disable=SC2086
        machine fault $port $fault
        silent "$A" 10.9.0.2
        machine fault $port none
    done
    goes_on
done
counts eth0 bad $((before[0] + ${#LASTING_FAULTS[@]}))
counts eth1 bad $((before[1] + ${#LASTING_FAULTS[@]}))
