"""Time passes here: the world, its events, and the engine that runs them on SimPy's calendar."""
