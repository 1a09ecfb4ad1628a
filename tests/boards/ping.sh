# Who is inside may ask, and is answered; long packets come whole.
answers "$A" 10.9.0.2
for address in "${OUTSIDE[@]}"; do
    pings "$A" "$address"
    # As long as Ethernet carries: an IP packet of 1,500 bytes.
    case $address in
    *:*) payload_len=1452 ;;
    *) payload_len=1472 ;;
    esac
    pings "$A" "$address" -M do -s $payload_len
done
