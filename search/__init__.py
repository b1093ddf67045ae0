"""Ask an index across languages and report what the answer is made of."""
