"""Field tables: for each entity its elements in wire order, and what they are in the core."""
