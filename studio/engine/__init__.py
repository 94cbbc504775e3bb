"""Where Qt begins, without a window: jobs, the thread that owns the model, the trainer processes."""
