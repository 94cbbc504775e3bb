"""Sound as float32 arrays: files, facts, edits, pictures and the player. No torch, no Qt."""
