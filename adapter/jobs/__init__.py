"""Running workflow jobs: scripts in a sandbox, a runner that takes jobs step by step, a queue, and workers."""
