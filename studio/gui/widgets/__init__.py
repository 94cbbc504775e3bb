"""Things painted on a page: each a plain QWidget that knows no page."""
