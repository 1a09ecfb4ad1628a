# A file comes from outside as it is, over both families.
serve_files "$B" 8000 "$FILE_KB"
for address in "${OUTSIDE[@]}"; do
    download "$A" "$address" 8000
done
