"""Facebook: Messenger and the comments of a Page."""
