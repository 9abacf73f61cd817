"""The physical limit: write the bytes of IN to OUT in pieces, with fdatasync.

bare_write.py IN OUT PIECE_BYTES once|each
"""

import os
import sys

source, target, piece, when = sys.argv[1:5]
data_in = os.open(source, os.O_RDONLY)
data_out = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
while data := os.read(data_in, int(piece)):
    while data:
        data = data[os.write(data_out, data) :]
    if when == "each":
        os.fdatasync(data_out)
os.fdatasync(data_out)
