"""Work on files of strangers in processes of their own, whose crash or hang ends nothing else."""
