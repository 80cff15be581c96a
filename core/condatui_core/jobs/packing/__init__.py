"""The parts of packing: what is found out before, the processes that pack and read back, what the receiver runs."""
