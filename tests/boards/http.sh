# A file comes from outside as it is, over both families.
serve_files "$B" 8000 2048
for address in "${OUTSIDE[@]}"; do
    download "$A" "$address" 8000
done
