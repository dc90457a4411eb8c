"""System modules: every canonical kind as a module of fixed fields, whose records are the canonical ones."""
