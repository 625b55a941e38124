"""What processing costs on AWS: told before, counted after, and kept within a budget."""
