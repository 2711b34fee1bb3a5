"""A scenario and one draw of its numbers, as a balanced steady state and its arrays."""
