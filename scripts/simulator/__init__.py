"""A simulated ChatGPT for the demo, the tests and the benchmark."""
