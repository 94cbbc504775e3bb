"""The window: composition in app.py, pages in the order of the work."""
