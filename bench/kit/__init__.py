"""What every row of the benchmark uses."""
